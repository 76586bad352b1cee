import assert from "node:assert/strict";
import { test } from "node:test";
import { parseKinds } from "../../src/commands/kind-option.ts";

test("kinds are names and patterns, apart or with commas between, each meant once", () => {
  assert.deepEqual(parseKinds([]), []);
  assert.deepEqual(parseKinds(["tag_moved,tag_created", "tag_moved"]), ["tag_moved", "tag_created"]);
  assert.deepEqual(parseKinds(["tag_*"]), ["tag_created", "tag_moved", "tag_deleted"]);
  assert.deepEqual(parseKinds(["*_expired, blob_mounted"]), ["upload_expired", "blob_mounted"]);
});

const WRONG: readonly (readonly [string, RegExp])[] = [
  ["tag_movd", /--kind tag_movd: did you mean tag_moved\? the kinds are repository_created, /],
  ["manifest_push", /did you mean manifest_pushed\?/],
  ["tag_moved,", /--kind : the kinds are /],
  ["image_*", /--kind image_\*: the kinds are /],
  ["\\", /--kind \\: the kinds are /],
];
for (const [text, expected] of WRONG) {
  test(`"${text}" is no kind, and the error helps`, () => {
    assert.throws(() => parseKinds([text]), expected);
  });
}

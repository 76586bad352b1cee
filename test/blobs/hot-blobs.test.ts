import assert from "node:assert/strict";
import { test } from "node:test";
import { HOT_BLOB_SIZE, HotBlobs, READ_BYTES } from "../../src/blobs/hot-blobs.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { someBytes } from "../support/byte-streams.ts";

const CONTENT = someBytes(1000);
const DIGEST = digestOf(CONTENT);

test("what was read is kept", () => {
  const hot = new HotBlobs(READ_BYTES);
  hot.expect(DIGEST)(CONTENT);
  assert.equal(hot.get(DIGEST), CONTENT);
});

test("what was deleted while it was read is not kept", () => {
  const hot = new HotBlobs(READ_BYTES);
  const keep = hot.expect(DIGEST);
  hot.forget(DIGEST);
  keep(CONTENT);
  assert.equal(hot.get(DIGEST), undefined);
});

test("content that is large, or not what its digest says, is not kept", () => {
  const hot = new HotBlobs(READ_BYTES);
  const large = someBytes(HOT_BLOB_SIZE + 1);
  hot.expect(digestOf(large))(large);
  assert.equal(hot.get(digestOf(large)), undefined);
  hot.expect(DIGEST)(CONTENT.subarray(1));
  assert.equal(hot.get(DIGEST), undefined);
});

test("what has not been asked for lately makes room", () => {
  const hot = new HotBlobs(READ_BYTES);
  const contents = Array.from({ length: 600 }, (_, index) => numbered(index));
  for (const content of contents) hot.expect(digestOf(content))(content);
  const kept = contents.map((content) => hot.get(digestOf(content)) !== undefined);
  assert.equal(kept[0], false);
  assert.equal(kept[599], true);
  assert.ok(kept.filter(Boolean).length * HOT_BLOB_SIZE <= 32 * 1024 * 1024);
});

/** A content of the largest size that is kept. */
function numbered(index: number): Buffer {
  const content = Buffer.alloc(HOT_BLOB_SIZE);
  content.writeUInt32BE(index);
  return content;
}

// A registry that knows nobody, only what everybody may do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openWholeServer } from "../server/whole-server.ts";

const settings = { REGISTRY_AUTH_POLICY: '[{repositories: "open/**", who: anyone, allow: [pull, push]}]' };

test("where there is nobody to be, nobody is asked to log in, and the policy counts", async () => {
  await using server = await openWholeServer({ settings });
  const status = async (path: string, method = "GET") =>
    (await fetch(`${server.url}${path}`, { method })).status;
  assert.equal(await status("/v2/"), 200);
  assert.equal(await status("/v2/open/a/blobs/uploads/", "POST"), 202);
  assert.equal(await status("/v2/closed/a/blobs/uploads/", "POST"), 401);
  assert.equal(await status("/v2/closed/a/tags/list"), 401);
});

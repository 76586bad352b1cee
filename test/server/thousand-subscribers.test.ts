// A thousand clients follow one registry over HTTP: each gets everything once and in
// order, and hears that it shall resume when the registry stops.
import assert from "node:assert/strict";
import { Agent } from "node:http";
import { connect } from "node:http2";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import { imageManifest, MANIFEST_TYPE } from "../crash/made-up-image.ts";
import { eventually } from "../support/eventually.ts";
import { HttpCaller } from "../support/http-caller.ts";
import { type Follower, followOverHttp1, followOverHttp2 } from "./raw-follower.ts";
import { openWholeServer } from "./whole-server.ts";

const SUBSCRIBERS = 1000;
const PUSHES = 50;
/** Half of them share so many HTTP/2 connections; each of the others has one of its own. */
const SESSIONS = 4;

/** A repository with a blob, and manifests that name it: in all 2 events, and 1 for each push. */
async function push(host: string): Promise<void> {
  const http = new HttpCaller(host);
  try {
    const config = Buffer.from("{}");
    const path = `/v2/a/blobs/uploads/?digest=${digestOf(config)}`;
    await http.expect([201], { method: "POST", path, body: config });
    const headers = { "content-type": MANIFEST_TYPE };
    for (let number = 0; number < PUSHES; number++) {
      const body = imageManifest({ config, layers: [config], note: `push ${number}` });
      const manifest = `/v2/a/manifests/${digestOf(body)}`;
      await http.expect([201], { method: "PUT", path: manifest, headers, body });
    }
  } finally {
    http.close();
  }
}

test("a thousand subscribers get every event once and in order, and then that the registry stops", async (t) => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => void warnings.push(warning);
  process.on("warning", warn);
  t.after(() => process.off("warning", warn));
  await using server = await openWholeServer();
  const agent = new Agent();
  const sessions = Array.from({ length: SESSIONS }, () => connect(server.url));
  t.after(() => {
    agent.destroy();
    for (const session of sessions) session.destroy();
  });
  const followers = Array.from({ length: SUBSCRIBERS }, (_, index): Follower => {
    const session = index % 2 === 0 ? undefined : sessions[(index >> 1) % SESSIONS];
    return session === undefined ? followOverHttp1(server.url, agent) : followOverHttp2(session);
  });
  const all = (what: string, is: (follower: Follower) => boolean) =>
    eventually(what, async () => (followers.every(is) ? true : undefined));

  await all("all are there", ({ ready }) => ready === "0");
  await push(server.host);
  const expected = Array.from({ length: 2 + PUSHES }, (_, index) => String(index + 1));
  await all("all have everything", ({ cursors }) => cursors.length >= expected.length);
  await server.server.close({ drainMs: 20_000 });
  await all("all have ended", ({ end }) => end !== undefined);
  for (const { cursors, end, failure } of followers) {
    assert.deepEqual(cursors, expected);
    assert.partialDeepStrictEqual(end, { error: { code: "unavailable" } });
    assert.equal(failure, undefined);
  }
  assert.deepEqual(warnings, []);
});

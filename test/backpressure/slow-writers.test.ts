// Clients that send slowly are served as long as they send; those that stop are cut off, and what they sent is kept.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { LostConnection } from "../support/http-caller.ts";
import { errorCodes } from "../support/oci-errors.ts";
import { appendWhenFree, createSession, sessionSize, withRegistry } from "./setting.ts";

test("a client that sends a byte now and then is not cut off", async () => {
  await withRegistry({ progress: "1s" }, async (setting) => {
    const path = await createSession(setting);
    await setting.http.expect([202], { method: "PATCH", path, body: bytesNowAndThen(12) });
    assert.equal(await sessionSize(setting, path), 12);
  });
});

test("a client that stops sending is cut off, and its session keeps what came", async () => {
  await withRegistry({ progress: "1s" }, async (setting) => {
    const path = await createSession(setting);
    const body = Buffer.alloc(700_000, "comes");
    const answer = await setting.http.call({ method: "PATCH", path, body: thenSilence(body) }).catch(lost);
    if (answer !== undefined) {
      assert.equal(answer.status, 408);
      assert.deepEqual(errorCodes(answer.body), ["REQUEST_TIMEOUT"]);
    }
    assert.equal(await appendWhenFree(setting, path, Buffer.from("the rest")), 202);
    assert.equal(await sessionSize(setting, path), body.length + "the rest".length);
  });
});

async function* bytesNowAndThen(count: number): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < count; sent++) {
    yield Buffer.from("x");
    await wait(300);
  }
}

async function* thenSilence(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
  await wait(60_000, undefined, { ref: false });
}

/** Closing the connection without an answer is allowed too. */
function lost(error: unknown): undefined {
  if (!(error instanceof LostConnection)) throw error;
}

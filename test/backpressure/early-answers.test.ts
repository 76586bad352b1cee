// Answers that come before the request was read: the rest of it must not keep the connection of a client that is gone.
import assert from "node:assert/strict";
import { connect } from "node:http2";
import { test } from "node:test";
import { createSession, type Setting, settledFiles, untilFilesClosed, withRegistry } from "./setting.ts";

const BODY = Buffer.alloc(300_000);
const CALL = { "content-type": "application/grpc", te: "trailers" };

/** A request over HTTP/2 whose body is not wanted. */
interface Unwanted {
  readonly path: string;
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
}

for (const [name, unwantedOf] of [
  ["a chunk that does not belong there", chunkOutOfOrder],
  ["a manifest for a bad name", async () => ({ method: "PUT", path: "/v2/BAD/manifests/latest" })],
  ["a path that is not there", async () => ({ method: "POST", path: "/nothing" })],
  ["a call with more than its message", async () => call("ManifestService/ListRepositories")],
  ["a call that writes to no session", async () => call("UploadService/WriteUpload")],
] as const) {
  test(`${name} leaves no connection behind`, async () => {
    await withRegistry({}, async (setting) => {
      const unwanted: Unwanted = await unwantedOf(setting);
      setting.http.close();
      const before = await settledFiles(setting);
      for (let count = 0; count < 5; count++) await sendAndLeave(setting, unwanted);
      await untilFilesClosed(setting, before);
    });
  });
}

async function chunkOutOfOrder(setting: Setting): Promise<Unwanted> {
  return { method: "PATCH", path: await createSession(setting), headers: { "content-range": "5-300004" } };
}

function call(method: string): Unwanted {
  return { method: "POST", path: `/stowage.v1.${method}`, headers: CALL };
}

/** Sends the request, waits for the answer, and closes the connection. */
async function sendAndLeave({ registry }: Setting, { method, path, headers }: Unwanted): Promise<void> {
  const session = connect(registry.url);
  const stream = session.request({ ":method": method, ":path": path, ...headers });
  const status = await new Promise((resolve, reject) => {
    stream.once("response", (answer) => resolve(answer[":status"])).once("error", reject);
    stream.resume();
    stream.end(BODY);
  });
  assert.ok(Number(status) >= 200, `the status is ${status}`);
  session.destroy();
}

// Clients that leave in the middle free the session they held, and the files.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { UploadService } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import { eventually } from "../support/eventually.ts";
import { HttpCaller, LostConnection } from "../support/http-caller.ts";
import { LargeBlob } from "./large-blob.ts";
import {
  appendWhenFree,
  createSession,
  REPOSITORY,
  type Setting,
  sessionSize,
  settledFiles,
  untilFilesClosed,
  withRegistry,
} from "./setting.ts";

const HALF = Buffer.alloc(500_000, "half");

test("a client that leaves in the middle of an upload frees the session and the file", async () => {
  await withRegistry({}, async (setting) => {
    const before = await setting.registry.openFiles();
    const path = await createSession(setting);
    const leaver = new HttpCaller(setting.registry.host);
    const leaving = leaver.call({ method: "PATCH", path, body: halfThenForever() });
    await untilHeld(setting, path);
    leaver.close();
    await assert.rejects(leaving, LostConnection);
    assert.equal(await appendWhenFree(setting, path, Buffer.from("rest")), 202);
    const size = await sessionSize(setting, path);
    assert.ok(size >= 4 && size <= HALF.length + 4, `the session holds ${size} bytes`);
    await setting.http.expect([204], { method: "DELETE", path });
    await untilFilesClosed(setting, before);
  });
});

for (const [name, transportOf] of [
  ["Connect over HTTP/1.1", (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
  ["gRPC over HTTP/2", (baseUrl: string) => createGrpcTransport({ baseUrl })],
] as const) {
  test(`a caller that leaves in the middle of WriteUpload frees the session, on ${name}`, async () => {
    await withRegistry({}, async (setting) => {
      const path = await createSession(setting);
      const uploadId = path.split("/").at(-1) ?? "";
      const leave = new AbortController();
      const client = createClient(UploadService, transportOf(setting.registry.url));
      const leaving = client.writeUpload(messages(uploadId), { signal: leave.signal });
      leaving.catch(() => {}); // looked at below
      await untilHeld(setting, path);
      leave.abort();
      await assert.rejects(leaving);
      assert.equal(await appendWhenFree(setting, path, Buffer.from("rest")), 202);
    });
  });
}

test("clients that leave in the middle of a download free the files", async () => {
  await withRegistry({}, async (setting) => {
    const blob = new LargeBlob("leavers", 64);
    const path = await blob.push(setting.http, REPOSITORY);
    setting.http.close();
    const before = await settledFiles(setting);
    const leaver = new HttpCaller(setting.registry.host);
    const opened = Array.from({ length: 10 }, () => leaver.open({ method: "GET", path }));
    const responses = await Promise.all(opened);
    assert.ok(
      (await setting.registry.openFiles()) >= before + 20,
      "each download has a connection and a file",
    );
    for (const response of responses) response.destroy();
    leaver.close();
    await untilFilesClosed(setting, before);
  });
});

/** Resolves when the first bytes are written. */
async function untilHeld(setting: Setting, path: string): Promise<void> {
  await eventually("a writer", async () => (await sessionSize(setting, path)) || undefined);
}

async function* halfThenForever(): AsyncGenerator<Uint8Array> {
  yield HALF;
  await new Promise(() => {});
}

async function* messages(uploadId: string) {
  yield { part: { case: "start", value: { repository: REPOSITORY, uploadId } } } as const;
  for await (const value of halfThenForever()) yield { part: { case: "chunk", value } } as const;
}

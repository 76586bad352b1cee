// Clients that read slowly, or not at all, must not make the registry hold their bytes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { BlobService, type ReadBlobResponse } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import { LargeBlob, MEBIBYTE } from "./large-blob.ts";
import { REPOSITORY, reportMemory, type Setting, withRegistry } from "./setting.ts";

const READERS = 20;
/** Two buffers of a quarter of a mebibyte for each reader, as much again for sockets, and what waits for the collector. */
const MAX_GROWTH = READERS * MEBIBYTE + 100 * MEBIBYTE;

test("clients that stop reading a blob of 256 MiB cost a few chunks each", async (t) => {
  await withRegistry({}, async (setting) => {
    const { blob, path, before } = await largeBlob(setting);
    const opened = Array.from({ length: READERS }, () => setting.http.open({ method: "GET", path }));
    const responses = await Promise.all(opened);
    for (const response of responses) response.once("readable", () => response.read(1));
    await expectSmallGrowth(t, setting, before);
    for (const response of responses.slice(1)) response.destroy();
    const [patient] = responses;
    assert.ok(patient !== undefined);
    let read = 1; // by the listener above
    for await (const chunk of patient) read += chunk.length;
    assert.equal(read, blob.size);
  });
});

for (const [name, transportOf] of [
  ["Connect over HTTP/1.1", (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
  ["gRPC over HTTP/2", (baseUrl: string) => createGrpcTransport({ baseUrl })],
] as const) {
  test(`callers that stop reading from ReadBlob cost a few chunks each, on ${name}`, async (t) => {
    await withRegistry({}, async (setting) => {
      const { blob, before } = await largeBlob(setting);
      const leave = new AbortController();
      const client = createClient(BlobService, transportOf(setting.registry.url));
      const readers = Array.from({ length: READERS }, () => {
        const request = { repository: REPOSITORY, digest: blob.digest };
        return client.readBlob(request, { signal: leave.signal })[Symbol.asyncIterator]();
      });
      await Promise.all(readers.map((reader) => reader.next()));
      await expectSmallGrowth(t, setting, before);
      const [patient] = readers;
      assert.ok(patient !== undefined);
      await blob.check(chunksOf(patient));
      leave.abort();
    });
  });
}

async function largeBlob(setting: Setting) {
  const blob = new LargeBlob("slow readers", 256);
  const path = await blob.push(setting.http, REPOSITORY);
  await blob.pull(setting.http, path);
  return { blob, path, before: (await setting.registry.memory()).now };
}

async function expectSmallGrowth(
  t: import("node:test").TestContext,
  setting: Setting,
  before: number,
): Promise<void> {
  await wait(1000); // time enough to read too much
  await reportMemory(t, setting);
  const growth = (await setting.registry.memory()).now - before;
  assert.ok(growth < MAX_GROWTH, `${READERS} readers cost ${Math.round(growth / MEBIBYTE)} MiB`);
}

async function* chunksOf(messages: AsyncIterator<ReadBlobResponse>): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { done, value } = await messages.next();
    if (done) return;
    if (value.part.case === "chunk") yield value.part.value;
  }
}

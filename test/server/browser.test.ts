// Events in a page: the clients that browsers use, over fetch, from another origin.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.ts";
import { EventService, type SubscribeResponse } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { UploadService } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { rejects, utf8 } from "../contract/services/harness.ts";
import { eventually } from "../support/eventually.ts";
import { HttpCaller } from "../support/http-caller.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { pageFetch } from "./page-fetch.ts";
import { openWholeServer, type WholeServer } from "./whole-server.ts";

const UI = "https://ui.example.com";

const TRANSPORTS: Readonly<Record<string, (baseUrl: string, origin: string) => Transport>> = {
  Connect: (baseUrl, origin) => createConnectTransport({ baseUrl, fetch: pageFetch(origin) }),
  "Connect, binary": (baseUrl, origin) =>
    createConnectTransport({ baseUrl, fetch: pageFetch(origin), useBinaryFormat: true, useHttpGet: true }),
  "gRPC-Web": (baseUrl, origin) => createGrpcWebTransport({ baseUrl, fetch: pageFetch(origin) }),
};

interface Page {
  readonly server: WholeServer;
  readonly events: Client<typeof EventService>;
  readonly transport: Transport;
}

function check(name: string, run: (page: Page) => Promise<void>): void {
  for (const [body, connect] of Object.entries(TRANSPORTS)) {
    test(`${body} in a page: ${name}`, async () => {
      await using server = await openWholeServer({ corsOrigins: [UI], keepaliveMs: 50 });
      const transport = connect(server.url, UI);
      await run({ server, transport, events: createClient(EventService, transport) });
    });
  }
}

/** Two events the first time: the repository and the blob. */
async function pushBlob(server: WholeServer, text: string): Promise<void> {
  const http = new HttpCaller(server.host);
  try {
    const path = `/v2/a/blobs/uploads/?digest=${digestOf(utf8(text))}`;
    await http.expect([201], { method: "POST", path, body: utf8(text) });
  } finally {
    http.close();
  }
}

async function next(messages: AsyncIterator<SubscribeResponse>): Promise<SubscribeResponse["message"]> {
  const { value, done } = await messages.next();
  assert.notEqual(done, true, "a subscription ends only with an error");
  return value.message;
}

async function nextOf(messages: AsyncIterator<SubscribeResponse>, kind: string) {
  for (;;) {
    const message = await next(messages);
    if (message.case === kind) return message.value;
    assert.equal(message.case, "keepalive");
  }
}

check("a subscription tells what happens while it happens, and keepalives between", async (page) => {
  const leave = new AbortController();
  const messages = page.events.subscribe({}, { signal: leave.signal })[Symbol.asyncIterator]();
  assert.equal((await next(messages)).case, "ready");
  await pushBlob(page.server, "one");
  for (const cursor of ["1", "2"]) assert.partialDeepStrictEqual(await nextOf(messages, "event"), { cursor });
  assert.partialDeepStrictEqual(await nextOf(messages, "keepalive"), { cursor: "2" });
  await pushBlob(page.server, "two");
  assert.partialDeepStrictEqual(await nextOf(messages, "event"), { cursor: "3" });
  leave.abort();
  await messages.next().catch(() => undefined);
});

check("leaving ends the subscription on both sides", async ({ events }) => {
  await events.createConsumer({ consumer: "page" });
  const connected = async () => (await events.listConsumers({})).consumers[0]?.connected;
  const leave = new AbortController();
  const messages = events.subscribe({ consumer: "page" }, { signal: leave.signal })[Symbol.asyncIterator]();
  assert.equal((await next(messages)).case, "ready");
  assert.equal(await connected(), true);
  leave.abort();
  await assert.rejects(nextOf(messages, "event"), (error) => ConnectError.from(error).code === Code.Canceled);
  await eventually("the server knows that it left", async () => ((await connected()) ? undefined : true));
});

check("other errors come with their details too", async ({ events, transport }) => {
  await rejects(events.listEvents({ afterCursor: "x" }), Code.InvalidArgument, "CURSOR_INVALID");
  const filter = { kinds: ["nothing"] };
  const stream = events.subscribe({ filter })[Symbol.asyncIterator]();
  await rejects(stream.next(), Code.InvalidArgument, "KIND_INVALID");
  const uploads = createClient(UploadService, transport);
  await rejects(uploads.getUpload({ repository: "a", uploadId: "x" }), Code.NotFound, "BLOB_UPLOAD_UNKNOWN");
});

check("shutdown ends a subscription with unavailable, which means resume", async ({ events, server }) => {
  const messages = events.subscribe({})[Symbol.asyncIterator]();
  assert.equal((await next(messages)).case, "ready");
  const closed = server.server.close({ drainMs: 10_000 });
  const error = await nextOf(messages, "event").catch((reason: unknown) => reason);
  assert.ok(error instanceof ConnectError);
  assert.equal(error.code, Code.Unavailable);
  assert.match(error.rawMessage, /resume/);
  const reasons = error.findDetails(ErrorInfoSchema).map(({ reason }) => reason);
  assert.deepEqual(reasons, ["UNAVAILABLE"]);
  await closed;
});

for (const [body, connect] of Object.entries(TRANSPORTS)) {
  test(`${body} in a page of another origin gets nothing`, async () => {
    await using server = await openWholeServer({ corsOrigins: [UI] });
    const events = createClient(EventService, connect(server.url, "https://evil.example.com"));
    await assert.rejects(events.listEvents({}), /Failed to fetch/);
    await assert.rejects(events.subscribe({})[Symbol.asyncIterator]().next(), /Failed to fetch/);
  });
}

for (const [body, connect] of Object.entries(TRANSPORTS)) {
  test(`${body} in a page: an expired cursor is told with the oldest that still works`, async (t) => {
    const folder = await makeTemporaryDirectory();
    t.after(() => removeTemporaryDirectory(folder));
    await fill(folder, ["1", "2", "3", "4"]);
    const settings = { REGISTRY_EVENTS_RETENTION_COUNT: "1" };
    await using server = await openWholeServer({ folder, settings, corsOrigins: [UI] });
    const events = createClient(EventService, connect(server.url, UI));
    await eventually("the log is trimmed", async () =>
      (await events.listEvents({})).events.length === 1 ? true : undefined,
    );
    const start = { case: "afterCursor", value: "1" } as const;
    const stream = () => events.subscribe({ start })[Symbol.asyncIterator]().next();
    for (const call of [() => events.listEvents({ afterCursor: "1" }), stream]) {
      const [metadata] = await rejects(call(), Code.OutOfRange, "CURSOR_EXPIRED");
      assert.equal(metadata?.oldest, "4");
    }
    assert.equal((await events.listEvents({ afterCursor: "4" })).events[0]?.cursor, "5");
  });
}

/** A registry's folder in which so many blobs were pushed: an event for the repository, and one for each. */
async function fill(folder: string, texts: readonly string[]): Promise<void> {
  await using server = await openWholeServer({ folder });
  for (const text of texts) await pushBlob(server, text);
}

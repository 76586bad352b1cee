// What watchers are told of requests and calls.
import assert from "node:assert/strict";
import { connect } from "node:http2";
import { test } from "node:test";
import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { BlobService } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import type { CallSink } from "../../src/instruments/call-watch.ts";
import type { Ending, RequestSink } from "../../src/instruments/request-watch.ts";
import { createObservation } from "../../src/observation.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { type RequestNotes, Scopes } from "../../src/telemetry/scope.ts";
import { utf8 } from "../contract/services/harness.ts";
import { openWholeServer, type WholeServer } from "../server/whole-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Call, HttpCaller } from "../support/http-caller.ts";

const BODY = utf8("layer");
const DIGEST = digestOf(BODY);
const PUSH: Call = { method: "POST", path: `/v2/a/b/blobs/uploads/?digest=${DIGEST}`, body: BODY };

interface Seen {
  readonly notes: RequestNotes;
  readonly ending: Ending;
}

/** A registry with an eye on it. */
async function watched() {
  const scopes = new Scopes();
  const requests: Seen[] = [];
  const calls: { readonly name: string; readonly code: Code | undefined; readonly id: string | undefined }[] =
    [];
  const callers: (string | undefined)[] = [];
  let begun = 0;
  const sink: RequestSink = {
    begun: () => void begun++,
    ended: ({ notes, caller }, ending) => {
      requests.push({ notes, ending });
      callers.push(caller.address);
    },
  };
  const callSink: CallSink = ({ name }) => ({
    ended: (code) => void calls.push({ name, code, id: scopes.current?.notes.id }),
  });
  const observation = createObservation({ scopes, requestSinks: [sink], callSinks: [callSink] });
  const server = await openWholeServer({ observation });
  return { server, requests, callers, calls, begun: () => begun };
}

async function call(server: WholeServer, what: Call) {
  const http = new HttpCaller(server.host);
  try {
    return await http.call(what);
  } finally {
    http.close();
  }
}

test("a request of the Docker API is told with its endpoint, its calls with their codes, in its scope", async () => {
  const { server, requests, calls, begun } = await watched();
  await using _ = server;
  const pushed = await call(server, PUSH);
  const missing = await call(server, { method: "GET", path: "/v2/a/b/manifests/none" });
  const described = await call(server, { method: "HEAD", path: `/v2/a/b/blobs/${DIGEST}` });
  await eventually("all have ended", async () => requests.length === 3 || undefined);
  assert.equal(begun(), 3);
  const [push, get, head] = requests;
  assert.equal(described.headers["content-length"], String(BODY.length));
  assert.equal(head?.notes.responseBytes, 0);
  assert.equal(push?.notes.handler, "blob_upload");
  assert.equal(push?.notes.repository, "a/b");
  assert.equal(push?.notes.digest, DIGEST);
  assert.equal(push?.notes.responseBytes, 0);
  assert.equal(push?.ending.status, 201);
  assert.equal(push?.ending.isWhole, true);
  assert.equal(push?.notes.id, pushed.headers["x-request-id"]);
  assert.equal(get?.notes.handler, "manifest");
  assert.equal(get?.notes.reference, "none");
  assert.equal(get?.ending.status, 404);
  assert.equal(get?.notes.responseBytes, missing.body.length);
  const codes = calls.map(({ name, code }) => ({ name, code }));
  assert.deepEqual(codes.slice(-2), [
    { name: "GetManifest", code: Code.NotFound },
    { name: "StatBlob", code: undefined },
  ]);
  assert.ok(codes.slice(0, -2).every(({ code }) => code === undefined));
  assert.ok(calls.slice(0, -2).every(({ id }) => id === push?.notes.id));
  assert.deepEqual(
    calls.slice(-2).map(({ id }) => id),
    [get?.notes.id, head?.notes.id],
  );
});

test("an RPC is told with what its message names", async () => {
  const { server, requests, calls } = await watched();
  await using _ = server;
  const client = createClient(
    BlobService,
    createConnectTransport({ baseUrl: server.url, httpVersion: "1.1" }),
  );
  await assert.rejects(client.statBlob({ repository: "a/b", digest: DIGEST }));
  await call(server, PUSH);
  for await (const _message of client.readBlob({ repository: "a/b", digest: DIGEST }));
  await eventually("all have ended", async () => requests.length === 3 || undefined);
  const [stat, , read] = requests;
  assert.deepEqual(
    { rpc: stat?.notes.rpc, repository: stat?.notes.repository, digest: stat?.notes.digest },
    { rpc: "stowage.v1.BlobService/StatBlob", repository: "a/b", digest: DIGEST },
  );
  assert.equal(stat?.notes.handler, undefined);
  assert.equal(stat?.ending.status, 404);
  assert.equal(read?.notes.rpc, "stowage.v1.BlobService/ReadBlob");
  assert.equal(calls.at(-1)?.code, undefined);
});

test("of names that are none because they are long, little is noted", async () => {
  const { server, requests } = await watched();
  await using _ = server;
  const transport = createConnectTransport({ baseUrl: server.url, httpVersion: "1.1" });
  const long = "a".repeat(100_000);
  await assert.rejects(createClient(BlobService, transport).statBlob({ repository: long, digest: long }));
  await call(server, { method: "GET", path: `/v2/${"a".repeat(4000)}/manifests/${"b".repeat(4000)}` });
  await eventually("both have ended", async () => requests.length === 2 || undefined);
  for (const { notes } of requests) {
    assert.ok(notes.repository !== undefined && notes.repository.length <= 256, notes.repository);
    assert.ok((notes.digest ?? notes.reference ?? long).length <= 256);
  }
});

test("a client that leaves in the middle is told as one, its call as cancelled", async () => {
  const { server, requests, calls } = await watched();
  await using _ = server;
  const large = Buffer.alloc(64 * 1024 * 1024, 1);
  const digest = digestOf(large);
  await call(server, { ...PUSH, path: `/v2/a/b/blobs/uploads/?digest=${digest}`, body: large });
  const http = new HttpCaller(server.host);
  const response = await http.open({ method: "GET", path: `/v2/a/b/blobs/${digest}` });
  response.once("data", () => response.destroy());
  response.on("error", () => undefined);
  await eventually(
    "both have ended",
    async () => (requests.length === 2 && calls.at(-1)?.name === "ReadBlob") || undefined,
  );
  http.close();
  const [, read] = requests;
  assert.equal(read?.ending.isWhole, false);
  assert.equal(read?.ending.status, 200);
  assert.equal(calls.at(-1)?.code, Code.Canceled);
});

for (const way of ["a stream that is reset", "a connection that breaks"] as const)
  test(`over HTTP/2 ${way} in the middle of an answer is a client that left`, async () => {
    const { server, requests, callers } = await watched();
    await using _ = server;
    const large = Buffer.alloc(16 * 1024 * 1024, 1);
    const digest = digestOf(large);
    await call(server, { ...PUSH, path: `/v2/a/b/blobs/uploads/?digest=${digest}`, body: large });
    const session = connect(server.url).on("error", () => undefined);
    try {
      const whole = session.request({ ":path": "/v2/" }).resume();
      await new Promise((resolve) => whole.once("close", resolve));
      const stream = session.request({ ":path": `/v2/a/b/blobs/${digest}` });
      stream.on("error", () => undefined);
      stream.once("data", () => (way === "a stream that is reset" ? stream.close(8) : session.destroy()));
      await eventually("all have ended", async () => requests.length === 3 || undefined);
    } finally {
      session.destroy();
    }
    assert.deepEqual(
      requests.map(({ ending: { status, isWhole } }) => [status, isWhole]),
      [
        [201, true],
        [200, true],
        [200, false],
      ],
    );
    for (const address of callers) assert.match(address ?? "", /^127\.0\.0\.1:\d+$/);
  });

test("over HTTP/2 a client that leaves in the middle of an upload is one that left", async () => {
  const { server, requests } = await watched();
  await using _ = server;
  const begun = await call(server, { method: "POST", path: "/v2/a/b/blobs/uploads/" });
  const session = connect(server.url).on("error", () => undefined);
  try {
    const path = new URL(begun.headers.location ?? "", server.url).pathname;
    const stream = session.request({ ":method": "PATCH", ":path": path, "content-length": "1000" });
    stream.on("error", () => undefined).write("some");
    await eventually("its begin", async () => requests.length === 1 || undefined);
    await new Promise((resolve) => session.ping(resolve));
    stream.close(8);
    await eventually("its end", async () => requests.length === 2 || undefined);
  } finally {
    session.destroy();
  }
  assert.deepEqual(requests[1]?.ending && { ...requests[1].ending, durationMs: 0 }, {
    status: 499,
    durationMs: 0,
    isWhole: false,
  });
});

test("what is refused before it is looked at is told, and has a name", async () => {
  const { server, requests } = await watched();
  await using _ = server;
  const refused = await call(server, { method: "GET", path: "/v2/", headers: { Expect: "more" } });
  const session = connect(server.url);
  try {
    const tunnel = session.request({ ":method": "CONNECT", ":authority": "elsewhere:443" }).resume();
    await new Promise((resolve) => tunnel.on("error", () => undefined).once("close", resolve));
  } finally {
    session.destroy();
  }
  await eventually("both have ended", async () => requests.length === 2 || undefined);
  assert.deepEqual(
    requests.map(({ ending }) => ending.status),
    [417, 405],
  );
  assert.equal(refused.headers["x-request-id"], requests[0]?.notes.id);
});

test("what leads nowhere has no endpoint", async () => {
  const { server, requests } = await watched();
  await using _ = server;
  await call(server, { method: "GET", path: "/nowhere" });
  await call(server, { method: "GET", path: "/v2/a/b" });
  await eventually("both have ended", async () => requests.length === 2 || undefined);
  assert.deepEqual(
    requests.map(({ notes, ending }) => [notes.handler, ending.status]),
    [
      [undefined, 404],
      [undefined, 404],
    ],
  );
});

test("what a request sets going is no longer for it once it has ended", async () => {
  const scopes = new Scopes();
  const later: (string | undefined)[] = [];
  const ids: string[] = [];
  const requestSinks: RequestSink[] = [{ ended: ({ notes }) => void ids.push(notes.id) }];
  const callSinks: CallSink[] = [
    () => ({
      begun: () => {
        later.push(scopes.current?.notes.id);
        setTimeout(() => later.push(scopes.current?.notes.id), 200);
      },
      ended: () => undefined,
    }),
  ];
  const observation = createObservation({ scopes, requestSinks, callSinks });
  await using server = await openWholeServer({ observation });
  await call(server, { method: "GET", path: "/v2/_catalog" });
  await eventually("the timer rings", async () => later.length === 2 || undefined);
  assert.deepEqual(later, [ids[0], undefined]);
});

// What a request is called: told in every answer, the same in the events it makes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { utf8 } from "../contract/services/harness.ts";
import { type Call, HttpCaller } from "../support/http-caller.ts";
import { openWholeServer } from "./whole-server.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const BODY = utf8("layer");
const PUSH: Call = {
  method: "POST",
  path: `/v2/a/b/blobs/uploads/?digest=${digestOf(BODY)}`,
  body: BODY,
};

const STAT = JSON.stringify({ repository: "a/b", digest: digestOf(BODY) });

/** Each is answered somewhere else. */
const CALLS: Readonly<Record<string, Call>> = {
  "the API's base": { method: "GET", path: "/v2/" },
  "a blob that is pushed": PUSH,
  "what is unknown": { method: "GET", path: "/v2/a/b/manifests/none" },
  "a path that leads nowhere": { method: "GET", path: "/nowhere" },
  "a bad path of the API": { method: "GET", path: "/v2/a/b" },
  "a probe": { method: "GET", path: "/" },
  "what others may ask": { method: "OPTIONS", path: "/v2/" },
  "a browser's question": {
    method: "OPTIONS",
    path: "/v2/",
    headers: { origin: "https://ui.example.com", "access-control-request-method": "GET" },
  },
  "an expectation": { method: "GET", path: "/v2/", headers: { expect: "more" } },
  "no host": { method: "GET", path: "/v2/", headers: { host: "" } },
  "an RPC": {
    method: "POST",
    path: "/stowage.v1.BlobService/StatBlob",
    headers: { "content-type": "application/json" },
    body: utf8(STAT),
  },
  "an RPC that fails": {
    method: "POST",
    path: "/stowage.v1.BlobService/StatBlob",
    headers: { "content-type": "application/json" },
    body: utf8('{"repository": "A", "digest": ""}'),
  },
  "an RPC that is refused": { method: "GET", path: "/stowage.v1.BlobService/StatBlob" },
};

async function idOf(host: string, call: Call): Promise<string> {
  const http = new HttpCaller(host);
  try {
    const { headers } = await http.call(call);
    return String(headers["x-request-id"]);
  } finally {
    http.close();
  }
}

test("every answer tells what its request is called, each another name", async () => {
  await using server = await openWholeServer({ corsOrigins: ["https://ui.example.com"] });
  const ids = new Set<string>();
  for (const [what, call] of Object.entries(CALLS)) {
    const id = await idOf(server.host, call);
    assert.match(id, UUID, what);
    ids.add(id);
  }
  assert.equal(ids.size, Object.keys(CALLS).length);
});

test("the events of a request have its name", async () => {
  await using server = await openWholeServer();
  const id = await idOf(server.host, PUSH);
  const client = createClient(
    EventService,
    createConnectTransport({ baseUrl: server.url, httpVersion: "1.1" }),
  );
  const { events } = await client.listEvents({});
  assert.deepEqual(
    events.map(({ request }) => request?.requestId),
    [id, id],
  );
});

test("a stranger's name for a request is not taken over", async () => {
  await using server = await openWholeServer();
  assert.match(await idOf(server.host, { ...PUSH, headers: { "x-request-id": "stranger" } }), UUID);
});

test("a trusted proxy's is, unless it is none", async () => {
  await using server = await openWholeServer({ settings: { REGISTRY_HTTP_TRUSTEDPROXIES: "[127.0.0.1]" } });
  const named = (name: string) =>
    idOf(server.host, { method: "GET", path: "/v2/", headers: { "x-request-id": name } });
  assert.equal(await named("proxy-1:42/a"), "proxy-1:42/a");
  for (const name of ["", "two words", 'quo"ted', "x".repeat(129)]) assert.match(await named(name), UUID);
});

// What events say about the request behind them: what the connection shows, whatever
// the client's headers claim about it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { BlobService } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import type { Event, RequestRecord } from "../../src/gen/stowage/v1/event_pb.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { ManifestService } from "../../src/gen/stowage/v1/manifest_service_pb.ts";
import { UploadService } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { imageDocument, pushImage, utf8 } from "../contract/services/harness.ts";
import { HttpCaller } from "../support/http-caller.ts";
import { openWholeServer, type WholeServer } from "./whole-server.ts";

const AGENT = "docker/29.0.1 go/1.25";

/** What a client could say to be taken for somebody else. */
const FORGED = {
  "x-forwarded-for": "203.0.113.7",
  "x-forwarded-host": "evil.example.com",
  "x-forwarded-proto": "https",
  "x-forwarded-port": "443",
  "x-real-ip": "203.0.113.7",
  "x-request-id": "forged",
  forwarded: "for=203.0.113.7;host=evil.example.com;proto=https;by=forged",
  via: "1.1 forged",
  "stowage-request": '{"id":"forged","address":"203.0.113.7:1","method":"forged"}',
  "stowage-request-id": "forged",
  "stowage-request-bin": "Zm9yZ2Vk",
  "stowage-actor": "forged",
  "stowage-address": "203.0.113.7:1",
  "stowage-method": "forged",
} as const;

function eventsOf(server: WholeServer, repository: string): Promise<readonly Event[]> {
  const client = createClient(
    EventService,
    createConnectTransport({ baseUrl: server.url, httpVersion: "1.1" }),
  );
  const filter = { repositories: [repository] };
  return client.listEvents({ filter }).then(({ events }) => events);
}

/** An image by the Docker API: two blobs, each in one request, and the manifest. */
async function pushByHttp(server: WholeServer, repository: string, headers: Record<string, string>) {
  const http = new HttpCaller(server.host);
  try {
    const { config, layer, content } = imageDocument({});
    for (const body of [config, layer]) {
      const path = `/v2/${repository}/blobs/uploads/?digest=${digestOf(body)}`;
      await http.expect([201], { method: "POST", path, headers, body });
    }
    const path = `/v2/${repository}/manifests/latest`;
    const type = { "content-type": "application/vnd.oci.image.manifest.v1+json" };
    await http.expect([201], { method: "PUT", path, headers: { ...headers, ...type }, body: content });
    return { layer: digestOf(layer), manifest: digestOf(content) };
  } finally {
    http.close();
  }
}

function requestOf({ request }: Event): RequestRecord {
  assert.ok(request, "the event says which request made it");
  return request;
}

/** What must be the same for two requests of the same client. */
function withoutChance({ requestId: _id, address, ...facts }: RequestRecord) {
  return { ...facts, address: address.replace(/:\d+$/, ":port") };
}

test("the events of a push by the Docker API carry the client's request", async () => {
  await using server = await openWholeServer();
  const digests = await pushByHttp(server, "team/app", { "user-agent": AGENT });
  const events = await eventsOf(server, "team/app");
  assert.deepEqual(
    events.map(({ kind }) => kind.case),
    ["repositoryCreated", "blobPushed", "blobPushed", "manifestPushed", "tagCreated"],
  );
  for (const event of events) {
    const { requestId, address, $typeName: _, ...facts } = requestOf(event);
    assert.match(requestId, /^[0-9a-f-]{36}$/);
    assert.match(address, /^127\.0\.0\.1:\d{1,5}$/);
    const method = ["manifestPushed", "tagCreated"].includes(event.kind.case ?? "") ? "PUT" : "POST";
    assert.deepEqual(facts, { host: server.host, method, userAgent: AGENT, scheme: "http" });
    assert.equal(event.actor, undefined);
    assert.equal(event.source?.address, "test:5000");
    assert.notEqual(event.source?.instanceId, "");
  }
  const [created, config, layer, manifest, tag] = events.map((event) => requestOf(event).requestId);
  assert.equal(created, config, "the first blob made the repository");
  assert.equal(manifest, tag, "one request pushed the manifest and set the tag");
  assert.equal(new Set([config, layer, manifest]).size, 3, "each request has an id of its own");
  const base = `${server.url}/v2/team/app`;
  assert.deepEqual(
    events.slice(2).map(({ url }) => url),
    [`${base}/blobs/${digests.layer}`, ...Array(2).fill(`${base}/manifests/${digests.manifest}`)],
  );
  assert.equal(events[0]?.url, "", "a repository is no content");
});

const TRANSPORTS: Readonly<Record<string, (baseUrl: string, headers: Record<string, string>) => Transport>> =
  {
    "Connect over HTTP/1.1": (baseUrl, headers) =>
      createConnectTransport({ baseUrl, httpVersion: "1.1", interceptors: [sending(headers)] }),
    "Connect over HTTP/2": (baseUrl, headers) =>
      createConnectTransport({ baseUrl, httpVersion: "2", interceptors: [sending(headers)] }),
    gRPC: (baseUrl, headers) => createGrpcTransport({ baseUrl, interceptors: [sending(headers)] }),
    "gRPC-Web": (baseUrl, headers) =>
      createGrpcWebTransport({ baseUrl, httpVersion: "1.1", interceptors: [sending(headers)] }),
  };

type Interceptor = NonNullable<Parameters<typeof createGrpcTransport>[0]["interceptors"]>[number];

function sending(headers: Record<string, string>): Interceptor {
  return (next) => (request) => {
    for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
    return next(request);
  };
}

function push(transport: Transport, repository: string) {
  const clients = {
    blobs: createClient(BlobService, transport),
    uploads: createClient(UploadService, transport),
    manifests: createClient(ManifestService, transport),
    events: createClient(EventService, transport),
  };
  return pushImage(clients, repository, { tags: ["latest"] });
}

for (const [name, connect] of Object.entries(TRANSPORTS)) {
  test(`the events of a push by ${name} carry the RPC's name, and forged headers change nothing`, async () => {
    await using server = await openWholeServer();
    const agent = { "user-agent": AGENT };
    const { digest } = await push(connect(server.url, agent), "team/plain");
    await push(connect(server.url, { ...agent, ...FORGED }), "team/forged");
    const plain = await eventsOf(server, "team/plain");
    const forged = await eventsOf(server, "team/forged");
    const methods = plain.map((event) => requestOf(event).method);
    const commit = `${UploadService.typeName}/CommitUpload`;
    const put = `${ManifestService.typeName}/PutManifest`;
    assert.deepEqual(methods, [commit, commit, commit, put, put]);
    for (const event of plain) {
      const { address, host, scheme, userAgent } = requestOf(event);
      assert.match(address, /^127\.0\.0\.1:\d{1,5}$/);
      assert.deepEqual({ host, scheme, userAgent }, { host: server.host, scheme: "http", userAgent: AGENT });
    }
    assert.equal(plain.at(-1)?.url, `${server.url}/v2/team/plain/manifests/${digest}`);
    assert.deepEqual(
      forged.map((event) => withoutChance(requestOf(event))),
      plain.map((event) => withoutChance(requestOf(event))),
    );
    assert.ok(forged.every(({ actor }) => actor === undefined));
  });
}

test("who comes over IPv4 to a listener for IPv6 has a plain IPv4 address", async () => {
  await using server = await openWholeServer({ listenHost: "::" });
  await pushByHttp(server, "team/docker", {});
  await push(createConnectTransport({ baseUrl: server.url, httpVersion: "1.1" }), "team/rpc");
  for (const event of [...(await eventsOf(server, "team/docker")), ...(await eventsOf(server, "team/rpc"))])
    assert.match(requestOf(event).address, /^127\.0\.0\.1:\d{1,5}$/);
});

test("forged headers of the Docker API change nothing", async () => {
  await using server = await openWholeServer();
  await pushByHttp(server, "team/plain", { "user-agent": AGENT });
  await pushByHttp(server, "team/forged", { "user-agent": AGENT, ...FORGED });
  const facts = async (repository: string) =>
    (await eventsOf(server, repository)).map((event) => withoutChance(requestOf(event)));
  assert.deepEqual(await facts("team/forged"), await facts("team/plain"));
});

test("long texts of a client are cut, and a host that is none makes no URL", async () => {
  await using server = await openWholeServer();
  const host = `a/b?c#d@e:${"x".repeat(1000)}`;
  const http = new HttpCaller(server.host);
  try {
    const body = utf8("content");
    const path = `/v2/a/blobs/uploads/?digest=${digestOf(body)}`;
    const headers = { host, "user-agent": "y".repeat(1000) };
    await http.expect([201], { method: "POST", path, headers, body });
  } finally {
    http.close();
  }
  for (const event of await eventsOf(server, "a")) {
    assert.equal(requestOf(event).host, host.slice(0, 256));
    assert.equal(requestOf(event).userAgent, "y".repeat(256));
    assert.equal(event.url, "");
  }
});

// The same data, first to write and then only to read: what was pushed is pulled, listed
// and streamed, and readers of events still move on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { openWholeServer, type WholeServer } from "./whole-server.ts";

const CONFIG = Buffer.from("{}");
const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const EMPTY_TYPE = "application/vnd.oci.empty.v1+json";
const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  config: { mediaType: EMPTY_TYPE, digest: digestOf(CONFIG), size: CONFIG.length },
  layers: [],
});

let folder: string;
let server: WholeServer;

before(async () => {
  folder = await makeTemporaryDirectory();
  {
    await using writable = await openWholeServer({ folder });
    const push = (path: string, method: string, body: Uint8Array<ArrayBuffer> | string, type: string) =>
      fetch(writable.url + path, { method, body, headers: { "content-type": type } });
    const blob = await push(
      `/v2/a/b/blobs/uploads/?digest=${digestOf(CONFIG)}`,
      "POST",
      CONFIG,
      "application/octet-stream",
    );
    assert.equal(blob.status, 201, await blob.text());
    const manifest = await push("/v2/a/b/manifests/latest", "PUT", MANIFEST, OCI_MANIFEST);
    assert.equal(manifest.status, 201, await manifest.text());
  }
  const settings = {
    REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED: "true",
    REGISTRY_EVENTS_PULLS_ENABLED: "true",
  };
  server = await openWholeServer({ folder, settings });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  await removeTemporaryDirectory(folder);
});

const READS: readonly (readonly [string, string])[] = [
  ["/v2/a/b/manifests/latest", MANIFEST],
  [`/v2/a/b/manifests/${digestOf(Buffer.from(MANIFEST))}`, MANIFEST],
  [`/v2/a/b/blobs/${digestOf(CONFIG)}`, "{}"],
];
for (const [path, body] of READS) {
  test(`GET and HEAD ${path.replace(/sha256:.*/, "{digest}")} answer as before`, async () => {
    const answer = await fetch(server.url + path);
    assert.deepEqual([answer.status, await answer.text()], [200, body]);
    assert.equal((await fetch(server.url + path, { method: "HEAD" })).status, 200);
  });
}

test("tags, repositories and referrers are listed", async () => {
  const json = async (path: string) => (await fetch(server.url + path)).json();
  assert.deepEqual(await json("/v2/a/b/tags/list"), { name: "a/b", tags: ["latest"] });
  assert.deepEqual(await json("/v2/_catalog"), { repositories: ["a/b"] });
  assert.equal((await fetch(`${server.url}/v2/a/b/referrers/${digestOf(CONFIG)}`)).status, 200);
});

test("what would change something is refused, and nothing has changed", async () => {
  for (const [method, path] of [
    ["POST", "/v2/a/b/blobs/uploads/"],
    ["PUT", "/v2/a/b/manifests/other"],
    ["DELETE", "/v2/a/b/manifests/latest"],
    ["DELETE", `/v2/a/b/blobs/${digestOf(CONFIG)}`],
  ] as const) {
    const answer = await fetch(server.url + path, { method });
    assert.equal(answer.status, 405, `${method} ${path}`);
    const { errors } = (await answer.json()) as { errors: readonly { code: string; message: string }[] };
    assert.equal(errors[0]?.code, "UNSUPPORTED");
    assert.match(errors[0].message, /^the registry is read-only \(storage\.maintenance\.readonly\.enabled\)/);
  }
  assert.equal((await fetch(`${server.url}/v2/a/b/manifests/other`)).status, 404);
  assert.equal((await fetch(`${server.url}/v2/a/b/manifests/latest`)).status, 200);
});

test("consumers come, read and acknowledge", async () => {
  const events = createClient(
    EventService,
    createConnectTransport({ baseUrl: server.url, httpVersion: "1.1" }),
  );
  const { consumer } = await events.createConsumer({
    consumer: "reader",
    start: { case: "fromStart", value: {} },
  });
  assert.ok(consumer);
  const listed = await events.listEvents({});
  const last = listed.events.at(-1) ?? assert.fail("no events");
  await events.acknowledgeEvents({ consumer: "reader", cursor: last.cursor });
  await events.deleteConsumer({ consumer: "reader" });
});

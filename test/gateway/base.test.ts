// Where answers point to when clients reach the registry elsewhere than they seem to.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { GatewayOptions } from "../../gateway/gateway.ts";
import { HttpCaller } from "../support/http-caller.ts";
import { type GatewayServer, openGatewayServer } from "./gateway-server.ts";

/** The digest of "{}". */
const DIGEST = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

let server: GatewayServer;
let caller: HttpCaller;

before(async () => {
  const base: GatewayOptions["base"] = ({ headers }) => `https://${headers.host}/prefix`;
  server = await openGatewayServer({ mode: "direct", base });
  caller = new HttpCaller(server.host);
});

after(async () => {
  caller.close();
  await server.close();
});

const host = { host: "registry.test" };
const BASE = "https://registry.test/prefix/v2/a/b";

test("every Location begins with it", async () => {
  const uploads = "/v2/a/b/blobs/uploads/";
  const session = await caller.expect([202], { method: "POST", path: uploads, headers: host });
  const { location = "" } = session.headers;
  assert.ok(location.startsWith(`${BASE}/blobs/uploads/`), location);
  const path = new URL(location).pathname.slice("/prefix".length);
  const status = await caller.expect([204], { method: "GET", path, headers: host });
  assert.equal(status.headers.location, location);
  const patched = await caller.expect([202], {
    method: "PATCH",
    path,
    headers: host,
    body: Buffer.from("{}"),
  });
  assert.equal(patched.headers.location, location);
  const range = { ...host, "content-range": "7-8" };
  const refused = await caller.expect([416], {
    method: "PATCH",
    path,
    headers: range,
    body: Buffer.from("{}"),
  });
  assert.equal(refused.headers.location, location);
  const closed = await caller.expect([201], {
    method: "PUT",
    path: `${path}?digest=${DIGEST}`,
    headers: host,
  });
  assert.equal(closed.headers.location, `${BASE}/blobs/${DIGEST}`);
});

test("a manifest's Location and every Link begin with it", async () => {
  const manifest = (annotation: string) => {
    const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: DIGEST, size: 2 };
    const subject = { ...config, mediaType: "application/vnd.oci.image.manifest.v1+json" };
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    return { schemaVersion: 2, mediaType, config, layers: [], subject, annotations: { annotation } };
  };
  for (const tag of ["one", "two"]) {
    const { headers } = await caller.expect([201], {
      method: "PUT",
      path: `/v2/a/b/manifests/${tag}`,
      headers: { ...host, "content-type": "application/vnd.oci.image.manifest.v1+json" },
      body: Buffer.from(JSON.stringify(manifest(tag))),
    });
    assert.equal(headers.location, `${BASE}/manifests/${headers["docker-content-digest"]}`);
  }
  for (const path of ["/v2/a/b/tags/list?n=1", `/v2/a/b/referrers/${DIGEST}?n=1`]) {
    const { headers } = await caller.expect([200], { method: "GET", path, headers: host });
    const link = String(headers.link);
    assert.ok(link.startsWith(`<https://registry.test/prefix${path.split("?")[0]}?`), link);
  }
});

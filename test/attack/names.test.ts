// Names and paths that could mean secret/x to one part of the registry and something
// harmless to another. Whoever may not see secret/x gets nothing of it, changes
// nothing in it, and never makes the registry fail.
import assert from "node:assert/strict";
import { connect as connectHttp2 } from "node:http2";
import { after, before, suite, test } from "node:test";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { ManifestService } from "../../src/gen/stowage/v1/manifest_service_pb.ts";
import { UploadService } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import { RawConnection } from "../server/running-server.ts";
import { ask, basic, type Fortress, openFortress, type Pushed, push } from "./fortress.ts";
import { decoded, SPELLINGS } from "./spellings.ts";

const TEXT = "TOP-SECRET-BYTES";

const EVIL = "evil.example.com";

/** Anything else is an answer that the secret was reached, or that the registry failed. */
const REFUSALS: readonly number[] = [400, 401, 403, 404, 405, 414, 416, 431];

const CALLERS = [undefined, basic("alice")] as const;

let fortress: Fortress;
let secret: Pushed;
let unchanged: readonly string[];

/** Everything that ever happened in secret/x, and what it holds. */
async function stateOfSecret(): Promise<readonly string[]> {
  const headers = { authorization: basic("root") };
  const transport = createConnectTransport({ baseUrl: fortress.url, httpVersion: "1.1" });
  const { events } = await createClient(EventService, transport).listEvents({ pageSize: 1000 }, { headers });
  const { repositories } = await createClient(ManifestService, transport).listRepositories({}, { headers });
  const { uploads } = await createClient(UploadService, transport).listUploads({}, { headers });
  return [
    ...events
      .filter(({ repository }) => repository !== "acme/app" && repository !== "public/x")
      .map(({ cursor }) => cursor),
    ...repositories.map(({ name }) => name),
    ...uploads.filter(({ repository }) => repository !== "acme/app").map(({ uploadId }) => uploadId),
  ];
}

before(async () => {
  fortress = await openFortress();
  secret = await push(fortress.host, { repository: "secret/x", tag: "v1", text: TEXT });
  await push(fortress.host, { repository: "acme/app", tag: "v1", text: "acme" });
  await push(fortress.host, { repository: "public/x", tag: "v1", text: "public" });
  unchanged = await stateOfSecret();
});

after(async () => {
  assert.deepEqual(await stateOfSecret(), unchanged);
  await fortress[Symbol.asyncDispose]();
});

/** What the secret repository has to give. */
function tails(): readonly (readonly [string, string])[] {
  return [
    ["GET", "manifests/v1"],
    ["HEAD", "manifests/v1"],
    ["GET", `manifests/${secret.digest}`],
    ["GET", `blobs/${secret.blob}`],
    ["GET", "tags/list"],
    ["GET", `referrers/${secret.digest}`],
    ["POST", "blobs/uploads/"],
    ["PUT", "manifests/v2"],
    ["DELETE", "manifests/v1"],
    ["DELETE", `manifests/${secret.digest}`],
    ["DELETE", `blobs/${secret.blob}`],
  ];
}

interface Target {
  readonly method: string;
  readonly target: string;
  readonly authorization: string | undefined;
  readonly host?: string;
}

/** Sends the target byte for byte; resolves to the whole answer. */
async function askRaw({ method, target, authorization, host = fortress.host }: Target): Promise<string> {
  const raw = new RawConnection(Number(fortress.host.split(":")[1]));
  const credentials = authorization === undefined ? "" : `Authorization: ${authorization}\r\n`;
  const type = "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n";
  const body = method === "PUT" ? "{}" : "";
  const length = `Content-Length: ${body.length}\r\n`;
  await raw.send(
    `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${credentials}${type}${length}Connection: close\r\n\r\n${body}`,
  );
  return raw.rest();
}

function assertRefused(answer: string, target: Target): void {
  const shown = `${target.method} ${target.target.slice(0, 200)}: ${answer.slice(0, 400)}`;
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(answer) ?? [];
  assert.ok(REFUSALS.includes(Number(status)), shown);
  assert.ok(!answer.includes(TEXT), shown);
  assert.doesNotMatch(answer, /^x-evil:/im, shown);
  // Whoever names a digest may see it in the refusal.
  const asked = decoded(target.target);
  if (!asked.includes(secret.digest)) assert.ok(!answer.includes(secret.digest), shown);
  if (!asked.includes(secret.blob)) assert.ok(!answer.includes(secret.blob), shown);
}

async function refuseEverything(targets: readonly Target[]): Promise<void> {
  for (const target of targets) assertRefused(await askRaw(target), target);
}

test("root reads all of it, by each spelling that means it and by no other", async () => {
  const authorization = basic("root");
  for (const name of SPELLINGS.slice(0, 3))
    for (const [method, tail] of tails().filter(([asked]) => asked === "GET")) {
      const answer = await askRaw({ method, target: `/v2/${name}/${tail}`, authorization });
      assert.match(answer, /^HTTP\/1\.1 200 /, `${name}/${tail}`);
    }
  for (const name of SPELLINGS.slice(3)) {
    const answer = await askRaw({ method: "GET", target: `/v2/${name}/manifests/v1`, authorization });
    assert.match(answer, /^HTTP\/1\.1 4\d\d /, name);
  }
});

for (const spelling of SPELLINGS)
  test(`HTTP: ${JSON.stringify(spelling.slice(0, 60))} is closed`, () =>
    refuseEverything(
      CALLERS.flatMap((authorization) =>
        tails().map(([method, tail]) => ({ method, target: `/v2/${spelling}/${tail}`, authorization })),
      ),
    ));

test("other writings of the path in front of it do not open it", () =>
  refuseEverything(
    [
      "/v2//secret/x/manifests/v1",
      "//v2/secret/x/manifests/v1",
      "/./v2/secret/x/manifests/v1",
      "/v2/./secret/x/manifests/v1",
      "/V2/secret/x/manifests/v1",
      "/v2%2Fsecret/x/manifests/v1",
      "/%76%32/secret/x/manifests/v1",
      "/v2;/secret/x/manifests/v1",
      "/v1/../v2/secret/x/manifests/v1",
      "/auth/token/../../v2/secret/x/manifests/v1",
      "/v2/?/secret/x/manifests/v1#/v2/secret/x/manifests/v1",
      "v2/secret/x/manifests/v1",
      "/v2/secret/x/manifests/v1/",
      "/v2/secret/x/manifests//v1",
      "/v2/secret/x/manifests/./v1",
      "/v2/secret/x/manifests/%761",
      "/v2/secret/x/Manifests/v1",
      "/v2/secret/x/manifests/v1?ns=public/x",
      "/v2/secret/x/manifests/v1?repository=public/x&name=public/x",
      "/v2/secret/x/_trust/tuf/root.json",
    ].flatMap((target) =>
      CALLERS.flatMap((authorization) => [
        ...(target.includes("?/") ? [] : [{ method: "GET", target, authorization }]),
        { method: "DELETE", target, authorization },
      ]),
    ),
  ));

test("references of one's own repository do not lead into another", () =>
  refuseEverything(
    [
      "manifests/../../../secret/x/manifests/v1",
      "manifests/..%2F..%2F..%2Fsecret%2Fx%2Fmanifests%2Fv1",
      "manifests/secret/x:v1",
      "manifests/secret%2Fx:v1",
      "manifests/v1%00secret",
      `manifests/${secret.digest}`,
      `manifests/${secret.digest.toUpperCase()}`,
      `manifests/${secret.digest.replace(":", "%3A")}`,
      `manifests/SHA256${secret.digest.slice(6)}`,
      `manifests/sha256:../../../${secret.digest.slice(7)}`,
      `blobs/${secret.blob}`,
      `blobs/${secret.blob}%00`,
      `blobs/${secret.blob}/`,
      `blobs/../../../secret/x/blobs/${secret.blob}`,
      `blobs/sha256:..%2f..%2f${secret.blob.slice(7)}`,
      "blobs/uploads/..%2F..%2F..%2Fsecret",
      "blobs/uploads/../../../../secret/x/blobs/uploads/1",
      `referrers/${secret.digest}/../../../../secret/x/tags/list`,
    ].map((tail) => ({ method: "GET", target: `/v2/acme/app/${tail}`, authorization: basic("alice") })),
  ));

test("a blob of the secret repository cannot be mounted, whatever its repository is called", async () => {
  const names = SPELLINGS.filter((name) => !name.includes("#") && !name.includes("\\") && name.length < 1000);
  for (const from of ["", ...names]) {
    const path = `/v2/acme/app/blobs/uploads/?mount=${secret.blob}&from=${from}`;
    const { status } = await ask(fortress.host, { method: "POST", path, authorization: basic("alice") });
    assert.ok([202, 400, 401].includes(status), `${from}: ${status}`);
  }
  for (const query of [
    `mount=${secret.blob}`,
    `mount=${secret.blob}&from=acme/app&from=secret/x`,
    `mount=${secret.blob}&from=secret/x&from=acme/app`,
    `from=secret/x&mount=${encodeURIComponent(secret.blob)}`,
  ]) {
    const path = `/v2/acme/app/blobs/uploads/?${query}`;
    const { status } = await ask(fortress.host, { method: "POST", path, authorization: basic("alice") });
    assert.ok([202, 400].includes(status), `${query}: ${status}`);
  }
  const path = `/v2/acme/app/blobs/${secret.blob}`;
  assert.equal((await ask(fortress.host, { path, authorization: basic("alice") })).status, 404);
});

test("a manifest that names what is secret does not bring it into one's own repository", async () => {
  const descriptor = { mediaType: "application/octet-stream", digest: secret.blob, size: TEXT.length };
  const manifest = { schemaVersion: 2, config: descriptor, layers: [descriptor] };
  const type = "application/vnd.oci.image.manifest.v1+json";
  const answer = await ask(fortress.host, {
    method: "PUT",
    path: "/v2/acme/app/manifests/stolen",
    headers: { "content-type": type },
    body: Buffer.from(JSON.stringify({ ...manifest, mediaType: type })),
    authorization: basic("alice"),
  });
  assert.equal(answer.status, 404, answer.body.toString());
});

suite("an absolute target", () => {
  const targets = (host: string) => [
    `http://${host}/v2/secret/x/manifests/v1`,
    `http://${EVIL}/v2/secret/x/manifests/v1`,
    `https://${EVIL}/v2/secret/x/manifests/v1`,
    `http://user:password@${host}/v2/secret/x/manifests/v1`,
    `http://${host}//v2/secret/x/manifests/v1`,
    `http://${host}/v2/public/x/../../secret/x/manifests/v1`,
    `http://${host}/v2/acme%2F..%2Fsecret/x/manifests/v1`,
    "file:///v2/secret/x/manifests/v1",
    "file://v2/secret/x/manifests/v1",
    `//${EVIL}/v2/secret/x/manifests/v1`,
    "http:///v2/secret/x/manifests/v1",
    "http:/v2/secret/x/manifests/v1",
    "http://",
    "*",
    "://",
  ];

  test("opens nothing", () =>
    refuseEverything(
      targets(fortress.host).flatMap((target) =>
        CALLERS.map((authorization) => ({ method: "GET", target, authorization })),
      ),
    ));

  test("with another host does not send clients there for tokens", async () => {
    const target = `http://${EVIL}/v2/secret/x/manifests/v1`;
    const answer = await askRaw({ method: "GET", target, authorization: undefined });
    assert.match(answer, /^HTTP\/1\.1 401 /);
    assert.ok(answer.includes(`realm="${fortress.url}/auth/token"`), answer);
    assert.ok(!answer.includes(EVIL), answer);
  });
});

test("HTTP/2: no spelling opens it either", async () => {
  const session = connectHttp2(fortress.url);
  try {
    for (const spelling of SPELLINGS)
      for (const authorization of CALLERS) {
        const stream = session.request({
          ":path": `/v2/${spelling}/manifests/v1`,
          ...(authorization !== undefined && { authorization }),
        });
        let body = "";
        stream.on("data", (chunk: Buffer) => {
          body += chunk.toString();
        });
        const status = await new Promise((resolve, reject) => {
          stream.once("response", (headers) => stream.once("end", () => resolve(headers[":status"])));
          stream.once("error", reject);
        });
        assert.ok(REFUSALS.includes(Number(status)), `${spelling}: ${status} ${body}`);
        assert.ok(!body.includes(secret.blob));
      }
  } finally {
    session.destroy();
  }
});

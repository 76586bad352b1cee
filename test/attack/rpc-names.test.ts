// Names and paths of calls that could mean secret/x to one part of the registry and
// something harmless to another: no service opens it by any of them.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { BlobService } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import { ManifestService } from "../../src/gen/stowage/v1/manifest_service_pb.ts";
import { UploadService } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import { ask, basic, type Fortress, openFortress, type Pushed, push } from "./fortress.ts";
import { decoded, SPELLINGS } from "./spellings.ts";

const CALLERS = [undefined, basic("alice")] as const;

/** Anything else is an answer that the secret was reached, or that the registry failed. */
const REFUSALS: readonly number[] = [400, 401, 403, 404, 405, 414];

let fortress: Fortress;
let secret: Pushed;

before(async () => {
  fortress = await openFortress();
  secret = await push(fortress.host, { repository: "secret/x", tag: "v1", text: "TOP-SECRET-BYTES" });
});

after(() => fortress[Symbol.asyncDispose]());

suite("by RPC", () => {
  const names = () => [...new Set([...SPELLINGS, ...SPELLINGS.map(decoded)])];
  const closed = [Code.Unauthenticated, Code.PermissionDenied, Code.InvalidArgument, Code.NotFound];

  async function assertClosed(call: Promise<unknown>, name: string): Promise<void> {
    const code = await call.then(
      () => "answered",
      (error: unknown) => ConnectError.from(error).code,
    );
    assert.ok(closed.includes(code as Code), `${name}: ${code}`);
  }

  for (const [protocol, open] of Object.entries<(baseUrl: string) => Transport>({
    Connect: (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false }),
    gRPC: (baseUrl) => createGrpcTransport({ baseUrl }),
  }))
    test(`${protocol}: no spelling opens it`, async () => {
      const transport = open(fortress.url);
      const manifests = createClient(ManifestService, transport);
      const blobs = createClient(BlobService, transport);
      const uploads = createClient(UploadService, transport);
      for (const repository of names())
        for (const authorization of CALLERS) {
          const options = authorization === undefined ? {} : { headers: { authorization } };
          const reference = { name: { case: "tag", value: "v1" } } as const;
          const mount = { repository: "acme/app", fromRepository: repository, digest: secret.blob };
          const calls = [
            manifests.getManifest({ repository, reference }, options),
            manifests.listTags({ repository }, options),
            blobs.statBlob({ repository, digest: secret.blob }, options),
            uploads.createUpload({ repository }, options),
            blobs.mountBlob(mount, options),
          ];
          await Promise.all(calls.map((call) => assertClosed(call, repository)));
        }
    });

  test("the path of a method cannot be written otherwise", async () => {
    const method = "stowage.v1.ManifestService/GetManifest";
    const body = Buffer.from(JSON.stringify({ repository: "secret/x", reference: { tag: "v1" } }));
    const message = encodeURIComponent(body.toString());
    for (const path of [
      `/${method}`,
      `//${method}`,
      `/./${method}`,
      `/x/../${method}`,
      `/${method}/`,
      `/${method}?authorization=${encodeURIComponent(basic("root"))}`,
      `/${method.replace("/", "%2F")}`,
      `/${method.replace("/", "//")}`,
      `/${method.toLowerCase()}`,
      `/v2/../${method}`,
    ])
      for (const authorization of CALLERS) {
        const headers = { "content-type": "application/json" };
        const posted = await ask(fortress.host, { method: "POST", path, headers, body, authorization });
        assert.ok(REFUSALS.includes(posted.status), `${path}: ${posted.status}`);
        const query = `${path.includes("?") ? "&" : "?"}connect=v1&encoding=json&message=${message}`;
        const got = await ask(fortress.host, { path: path + query, authorization });
        assert.ok(REFUSALS.includes(got.status), `${path}${query}: ${got.status}`);
      }
  });
});

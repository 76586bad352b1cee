// A registry that only reads: every RPC and every route that changes content is refused
// to who might do it, after who is nobody was asked for a name; everything else goes on.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { ROUTES } from "../../gateway/routes.ts";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.ts";
import { STOWAGE_SERVICES } from "../../src/rpc/routes.ts";
import { type GuardedServer, openGuardedServer, REPOSITORY } from "./callers.ts";

const SETTING = "storage.maintenance.readonly.enabled";

/** What is refused; of the maintenance, what is no dry run. Everything else goes on. */
const REFUSED: ReadonlySet<string> = new Set([
  "BlobService/MountBlob",
  "BlobService/DeleteBlob",
  "UploadService/CreateUpload",
  "UploadService/WriteUpload",
  "UploadService/CommitUpload",
  "UploadService/CancelUpload",
  "ManifestService/PutManifest",
  "ManifestService/DeleteManifest",
  "ManifestService/DeleteTag",
  "ManifestService/RestoreTag",
  "ManifestService/UndeleteManifest",
  "MaintenanceService/RunCollection",
  "MaintenanceService/ApplyRetention",
  "MaintenanceService/RunScrub",
  "MaintenanceService/PurgeUploads",
  "MaintenanceService/PurgeDeletedManifests",
]);

/** Says everything that any of them asks for; the members that a message does not have are left out. */
const REQUEST = {
  repository: REPOSITORY,
  digest: `sha256:${"0".repeat(64)}`,
  uploadId: "01a1fe91-7e85-74b8-9eac-a4b555aab04d",
  tag: "latest",
  part: { case: "start", value: { repository: REPOSITORY } },
};

let guarded: GuardedServer;

before(async () => {
  guarded = await openGuardedServer({ REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED: "true" });
});

after(() => guarded[Symbol.asyncDispose]());

const METHODS = STOWAGE_SERVICES.flatMap((service: DescService) =>
  service.methods.map((method) => ({ service, method, name: `${service.name}/${method.name}` })),
);

for (const protocol of ["connect", "grpc"] as const) {
  describe(`over ${protocol}`, () => {
    for (const { service, method, name } of METHODS) {
      test(`${name} ${REFUSED.has(name) ? "is refused" : "goes on"}`, async () => {
        const error = await call(protocol, { service, method, request: REQUEST });
        if (!REFUSED.has(name)) return assert.equal(settingOf(error), undefined, error?.message);
        assert.equal(error?.code, Code.Unimplemented);
        assert.equal(settingOf(error), SETTING);
        assert.match(error.message, /read-only \(storage\.maintenance\.readonly\.enabled\)/);
        const nobody = await call(protocol, { service, method, request: REQUEST, authorization: undefined });
        assert.equal(nobody?.code, Code.Unauthenticated);
      });
    }

    for (const { service, method, name } of METHODS.filter((one) =>
      /PurgeUploads|RunCollection/.test(one.name),
    )) {
      test(`${name} goes on as a dry run`, async () => {
        const error = await call(protocol, { service, method, request: { dryRun: true } });
        assert.equal(settingOf(error), undefined);
      });
    }

    for (const { service, method, name } of METHODS.filter((one) => one.name.endsWith("/RunFsck"))) {
      test(`${name} is refused when it would repair`, async () => {
        const error = await call(protocol, { service, method, request: { repair: true } });
        assert.equal(settingOf(error), SETTING);
      });
    }
  });
}

describe("over HTTP", () => {
  for (const route of ROUTES.filter(({ path }) => path.startsWith("/v2/"))) {
    const isRefused = route.method !== "GET";
    test(`${route.method} ${route.path} ${isRefused ? "is refused" : "goes on"}`, async () => {
      const { method } = route;
      const url = guarded.server.url + pathOf(route.path);
      // A PATCH without bytes only asks where the upload stands.
      const bytes = method === "PATCH" ? { body: "bytes" } : {};
      const answer = await fetch(url, { method, headers: { authorization: ADMIN() }, ...bytes });
      const body = await answer.text();
      if (!isRefused) return assert.doesNotMatch(body, /read-only/);
      assert.equal(answer.status, 405, body);
      assert.match(body, /"code":"UNSUPPORTED".*storage\.maintenance\.readonly\.enabled/);
      const allowed = answer.headers.get("allow")?.split(", ") ?? [];
      assert.ok(allowed.includes("OPTIONS"));
      assert.deepEqual(
        allowed.filter((name) => !["GET", "HEAD", "OPTIONS"].includes(name)),
        [],
      );
      assert.equal((await fetch(url, { method })).status, 401);
    });
  }

  test("a body that was to be pushed does not break the answer", async () => {
    const path = "/v2/a/b/blobs/uploads/01a1fe91-7e85-74b8-9eac-a4b555aab04d";
    const answer = await fetch(guarded.server.url + path, {
      method: "PATCH",
      headers: { authorization: ADMIN() },
      body: new Uint8Array(100_000),
    });
    assert.equal(answer.status, 405);
    assert.match(await answer.text(), /read-only/);
  });

  test("mounting is refused too, not turned into an upload", async () => {
    const query = `?mount=${REQUEST.digest}&from=other`;
    const answer = await fetch(`${guarded.server.url}/v2/a/b/blobs/uploads/${query}`, {
      method: "POST",
      headers: { authorization: ADMIN() },
    });
    assert.equal(answer.status, 405);
  });
});

const ADMIN = () => guarded.authorization("admin", "admin") ?? "";

interface Call {
  readonly service: DescService;
  readonly method: DescMethod;
  readonly request: Readonly<Record<string, unknown>>;
  /** Absent: the admin's. Undefined: none. */
  readonly authorization?: string | undefined;
}

/** The error; undefined: it was answered. */
async function call(protocol: "connect" | "grpc", { service, method, request, ...rest }: Call) {
  const authorization = "authorization" in rest ? rest.authorization : ADMIN();
  const baseUrl = guarded.server.url;
  const transport =
    protocol === "grpc"
      ? createGrpcTransport({ baseUrl, idleConnectionTimeoutMs: 100 })
      : createConnectTransport({ baseUrl, httpVersion: "1.1" });
  const client: Readonly<Record<string, unknown>> = { ...createClient(service, transport) };
  const invoke = client[method.localName] as (message: unknown, options: object) => unknown;
  const leave = new AbortController();
  const headers = authorization === undefined ? {} : { authorization };
  const options = { signal: leave.signal, headers };
  try {
    if (method.methodKind === "client_streaming") await invoke(once(request), options);
    else if (method.methodKind !== "server_streaming") await invoke(request, options);
    else for await (const _message of invoke(request, options) as AsyncIterable<unknown>) break;
    return undefined;
  } catch (error) {
    return ConnectError.from(error);
  } finally {
    leave.abort();
  }
}

async function* once(message: unknown) {
  yield message;
}

function settingOf(error: ConnectError | undefined): string | undefined {
  return error?.findDetails(ErrorInfoSchema)[0]?.metadata.setting;
}

function pathOf(path: string): string {
  const filled = path
    .replace("{name}", REPOSITORY)
    .replace("{digest}", REQUEST.digest)
    .replace("{upload_id}", `${REQUEST.uploadId}?digest=${REQUEST.digest}`);
  return filled.replace("{reference}", "latest");
}

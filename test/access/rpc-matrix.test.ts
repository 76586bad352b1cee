// Every RPC there is, tried by every kind of caller over Connect and gRPC: who is let
// in is let in, and nobody else. An RPC without a row fails.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { STOWAGE_SERVICES } from "../../src/rpc/routes.ts";
import {
  CALLERS,
  type Demand,
  freshAddress,
  type GuardedServer,
  isLetIn,
  openGuardedServer,
  REPOSITORY,
} from "./callers.ts";

interface Row {
  readonly demand: Demand;
  /** Absent: an empty message. */
  readonly request?: Readonly<Record<string, unknown>>;
  /** What who is let in gets. Absent: an answer. */
  readonly outcome?: Code;
  /** What bearer tokens get although they are let in: they make no access tokens, and see none. Absent: the same. */
  readonly forTokens?: Code;
}

const repository = REPOSITORY;
const digest = `sha256:${"0".repeat(64)}`;
const blob = { repository, digest };
const upload = { repository, uploadId: "01a1fe91-7e85-74b8-9eac-a4b555aab04d" };
const tag = { repository, reference: { name: { case: "tag", value: "latest" } } };
const { NotFound, InvalidArgument, PermissionDenied } = Code;

const ROWS: Readonly<Record<string, Row>> = {
  "BlobService/StatBlob": { demand: "pull", request: blob, outcome: NotFound },
  "BlobService/ReadBlob": { demand: "pull", request: blob, outcome: NotFound },
  "BlobService/MountBlob": {
    demand: "push",
    request: { ...blob, fromRepository: repository },
    outcome: NotFound,
  },
  "BlobService/DeleteBlob": { demand: "delete", request: blob, outcome: NotFound },
  "UploadService/CreateUpload": { demand: "push", request: { repository } },
  "UploadService/GetUpload": { demand: "push", request: upload, outcome: NotFound },
  "UploadService/WriteUpload": {
    demand: "push",
    request: { part: { case: "start", value: upload } },
    outcome: NotFound,
  },
  "UploadService/CommitUpload": { demand: "push", request: { ...upload, digest }, outcome: NotFound },
  "UploadService/CancelUpload": { demand: "push", request: upload, outcome: NotFound },
  "UploadService/ListUploads": { demand: "admin" },
  "ManifestService/PutManifest": { demand: "push", request: { repository }, outcome: InvalidArgument },
  "ManifestService/GetManifest": { demand: "pull", request: tag, outcome: NotFound },
  "ManifestService/StatManifest": { demand: "pull", request: tag, outcome: NotFound },
  "ManifestService/DeleteManifest": { demand: "delete", request: blob, outcome: NotFound },
  "ManifestService/DeleteTag": {
    demand: "delete",
    request: { repository, tag: "latest" },
    outcome: NotFound,
  },
  "ManifestService/ListTagHistory": {
    demand: "pull",
    request: { repository, tag: "latest" },
    outcome: NotFound,
  },
  "ManifestService/RestoreTag": {
    demand: "push",
    request: { repository, tag: "latest", target: { case: "digest", value: digest } },
    outcome: NotFound,
  },
  "ManifestService/ListDeletedManifests": { demand: "pull", request: { repository } },
  "ManifestService/UndeleteManifest": { demand: "push", request: blob, outcome: NotFound },
  "ManifestService/ListTags": { demand: "pull", request: { repository }, outcome: NotFound },
  "ManifestService/ListReferrers": { demand: "pull", request: blob },
  "ManifestService/ListRepositories": { demand: "catalog" },
  "UsageService/GetUsage": {
    demand: "pull",
    request: { scope: { case: "repository", value: repository } },
    outcome: NotFound,
  },
  "EventService/Subscribe": { demand: "events" },
  "EventService/ListEvents": { demand: "events" },
  "EventService/CreateConsumer": { demand: "events", outcome: InvalidArgument },
  "EventService/AcknowledgeEvents": {
    demand: "events",
    request: { consumer: "none", cursor: "0" },
    outcome: NotFound,
  },
  "EventService/ListConsumers": { demand: "events" },
  "EventService/DeleteConsumer": { demand: "events", request: { consumer: "none" }, outcome: NotFound },
  "NotificationService/ListWebhooks": { demand: "admin" },
  "NotificationService/GetWebhook": { demand: "admin", outcome: NotFound },
  "NotificationService/TestWebhook": { demand: "admin", outcome: NotFound },
  "NotificationService/PauseWebhook": { demand: "admin", outcome: NotFound },
  "NotificationService/ResumeWebhook": { demand: "admin", outcome: NotFound },
  "NotificationService/ReplayWebhook": {
    demand: "admin",
    request: { start: { case: "fromStart", value: {} } },
    outcome: NotFound,
  },
  "NotificationService/ListDeliveries": { demand: "admin", outcome: NotFound },
  "NotificationService/ListDeadLetters": { demand: "admin", outcome: NotFound },
  "NotificationService/RedeliverDeadLetters": { demand: "admin", outcome: NotFound },
  "NotificationService/DeleteDeadLetters": { demand: "admin", outcome: NotFound },
  "MaintenanceService/GetMaintenanceStatus": { demand: "admin" },
  "MaintenanceService/RunCollection": { demand: "admin" },
  "MaintenanceService/ExplainBlob": { demand: "admin", request: { digest }, outcome: NotFound },
  "MaintenanceService/SimulateRetention": { demand: "admin" },
  "MaintenanceService/ApplyRetention": { demand: "admin" },
  "MaintenanceService/RunScrub": { demand: "admin" },
  "MaintenanceService/RunFsck": { demand: "admin" },
  "MaintenanceService/PurgeUploads": { demand: "admin" },
  "MaintenanceService/TakeSnapshot": { demand: "admin" },
  "MaintenanceService/PurgeDeletedManifests": { demand: "admin" },
  "AuthService/GetIdentity": { demand: "credential" },
  "AuthService/CheckAccess": { demand: "push", request: { repository, actions: ["pull", "push"] } },
  "AuthService/ExplainAccess": { demand: "principal", request: { action: "pull", repository } },
  "AuthService/IssueToken": {
    demand: "open",
    request: { grant: { case: "password", value: { username: "root", password: "correct horse" } } },
  },
  "AuthService/GetSigningKeys": { demand: "open" },
  "AuthService/CreateAccessToken": {
    demand: "principal",
    request: { scopes: ["no scope"] },
    outcome: InvalidArgument,
    forTokens: PermissionDenied,
  },
  "AuthService/ListAccessTokens": { demand: "principal", forTokens: PermissionDenied },
  "AuthService/RevokeAccessToken": {
    demand: "principal",
    request: { accessTokenId: "x" },
    outcome: NotFound,
  },
};

let guarded: GuardedServer;

before(async () => {
  guarded = await openGuardedServer();
});

after(() => guarded[Symbol.asyncDispose]());

const METHODS = STOWAGE_SERVICES.flatMap((service: DescService) =>
  service.methods.map((method) => ({ service, method, name: `${service.name}/${method.name}` })),
);

test("each RPC has a row, and each row an RPC", () => {
  assert.deepEqual(METHODS.map(({ name }) => name).sort(), Object.keys(ROWS).sort());
});

/** Each from an address of its own: who gives wrong passwords from one has to wait longer each time. */
const TRANSPORTS: Readonly<Record<string, () => Transport>> = {
  connect: () => {
    const nodeOptions = { localAddress: freshAddress() };
    return createConnectTransport({ baseUrl: guarded.server.url, httpVersion: "1.1", nodeOptions });
  },
  grpc: () => {
    const { port } = guarded.server.server.address;
    const createConnection = () => connect({ host: "127.0.0.1", port, localAddress: freshAddress() });
    const nodeOptions = { createConnection };
    return createGrpcTransport({ baseUrl: guarded.server.url, nodeOptions, idleConnectionTimeoutMs: 100 });
  },
};

for (const [protocol, open] of Object.entries(TRANSPORTS)) {
  for (const { service, method, name } of METHODS) {
    test(`${name} over ${protocol}`, async () => {
      const row = ROWS[name] ?? assert.fail("no row");
      for (const caller of CALLERS) {
        const authorization = guarded.authorization(caller, row.demand);
        const outcome = await call(open(), { service, method, request: row.request, authorization });
        const letIn = isLetIn(row.demand, caller);
        const ifLetIn = caller === "admin" ? row.outcome : (row.forTokens ?? row.outcome);
        const expected = letIn ? ifLetIn : Code.Unauthenticated;
        assert.equal(nameOf(outcome), nameOf(expected), caller);
        if (!letIn) assert.ok(challengeOf(outcome)?.startsWith("B"), `${caller}: a challenge is missing`);
      }
    });
  }
}

test("who may not, whatever token it fetches, is denied", async () => {
  const transport = createConnectTransport({ baseUrl: guarded.server.url, httpVersion: "1.1" });
  const authorization = guarded.authorization("good token", "pull"); // alice's
  for (const { service, method, name } of METHODS.filter(({ name }) => ROWS[name]?.demand === "admin")) {
    const outcome = await call(transport, { service, method, request: ROWS[name]?.request, authorization });
    assert.equal(nameOf(outcome), "PermissionDenied", name);
  }
});

interface Call {
  readonly service: DescService;
  readonly method: DescMethod;
  readonly request: Readonly<Record<string, unknown>> | undefined;
  readonly authorization: string | undefined;
}

/** The error; undefined: it was answered. */
async function call(
  transport: Transport,
  { service, method, request = {}, authorization }: Call,
): Promise<ConnectError | undefined> {
  const client: Readonly<Record<string, unknown>> = { ...createClient(service, transport) };
  const invoke = client[method.localName] as (message: unknown, options: object) => unknown;
  const leave = new AbortController();
  const options = {
    signal: leave.signal,
    ...(authorization !== undefined && { headers: { authorization } }),
  };
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

function nameOf(outcome: ConnectError | Code | undefined): string {
  if (outcome === undefined) return "answered";
  return Code[outcome instanceof ConnectError ? outcome.code : outcome];
}

function challengeOf(outcome: ConnectError | undefined): string | undefined {
  return outcome?.metadata.get("www-authenticate") ?? undefined;
}

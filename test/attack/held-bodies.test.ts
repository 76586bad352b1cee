// Bodies that are announced and never sent whole. Whoever has not said who they are is
// answered before the body has come, so that nobody unknown holds the registry's memory.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from "node:http2";
import { after, before, suite, test } from "node:test";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { parse, stringify } from "yaml";
import { createGateway, handles } from "../../gateway/gateway.ts";
import { AuthService } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { ManifestService } from "../../src/gen/stowage/v1/manifest_service_pb.ts";
import { NotificationService } from "../../src/gen/stowage/v1/notification_service_pb.ts";
import { MAX_SMALL_REQUEST } from "../../src/rpc/mount.ts";
import { startServer } from "../../src/server.ts";
import { RawConnection } from "../gateway/raw-connection.ts";
import { eventually } from "../support/eventually.ts";
import { ask, basic, type Fortress, openFortress, POLICY } from "./fortress.ts";

const MIB = 1024 * 1024;
/** Fits the largest message there is, so that only the announcement is too much. */
const ANNOUNCED = 5 * MIB;
const SENT = Buffer.alloc(1000);
const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
/** A test that is not answered ends. */
const PATIENT = { timeout: 20_000 };

interface Row {
  readonly path: string;
  readonly method?: string;
  readonly type: string;
  /** The status; for streams, what the answer's body tells. */
  readonly answer: RegExp;
}

const ROWS: Readonly<Record<string, Row>> = {
  "GetIdentity over Connect": {
    path: "/stowage.v1.AuthService/GetIdentity",
    type: "application/proto",
    answer: /^429 .*resource_exhausted/s,
  },
  "PutManifest over Connect": {
    path: "/stowage.v1.ManifestService/PutManifest",
    type: "application/proto",
    answer: /^401 .*unauthenticated/s,
  },
  "PutManifest over Connect, as JSON": {
    path: "/stowage.v1.ManifestService/PutManifest",
    type: "application/json",
    answer: /^401 .*unauthenticated/s,
  },
  "PutManifest over gRPC-Web": {
    path: "/stowage.v1.ManifestService/PutManifest",
    type: "application/grpc-web+proto",
    answer: /^200 .*grpc-status"?: ?"?16/s,
  },
  "WriteUpload over Connect": {
    path: "/stowage.v1.UploadService/WriteUpload",
    type: "application/connect+proto",
    answer: /^200 .*unauthenticated/s,
  },
  "PUT of a manifest": {
    path: "/v2/acme/app/manifests/v1",
    method: "PUT",
    type: INDEX_TYPE,
    answer: /^401 .*UNAUTHORIZED/s,
  },
};

/** What goes over HTTP/2 only. */
const GRPC: Readonly<Record<string, Row>> = Object.fromEntries(
  ["ManifestService/PutManifest", "UploadService/WriteUpload"].map((name) => [
    `${name} over gRPC`,
    { path: `/stowage.v1.${name}`, type: "application/grpc", answer: /^200 .*"grpc-status":"?16/s },
  ]),
);

suite("who has no name is answered before the body has come", () => {
  let fortress: Fortress;

  before(async () => {
    fortress = await openFortress();
  });

  after(async () => {
    await fortress[Symbol.asyncDispose]();
  });

  for (const [name, { path, method = "POST", type, answer }] of Object.entries(ROWS))
    for (const [length, headers] of [
      ["announced", { "Content-Length": ANNOUNCED }],
      ["of unknown length", { "Transfer-Encoding": "chunked" }],
    ] as const)
      test(`HTTP/1.1, ${name}, ${length}`, PATIENT, async () => {
        const connection = await RawConnection.open(portOf(fortress));
        connection.head(`${method} ${path}`, { "Content-Type": type, ...headers });
        const enough = Buffer.concat([beginning(type), Buffer.alloc(MAX_SMALL_REQUEST)]);
        if (length === "announced") connection.send(beginning(type));
        else connection.send(Buffer.concat([Buffer.from(`${enough.length.toString(16)}\r\n`), enough]));
        await connection.until((text) => answer.test(text.slice("HTTP/1.1 ".length)));
        assert.match(connection.received.slice("HTTP/1.1 ".length), answer);
        connection.destroy();
      });

  for (const [name, { path, method = "POST", type, answer }] of Object.entries({ ...ROWS, ...GRPC }))
    test(`HTTP/2, ${name}`, PATIENT, async () => {
      const session = connect(fortress.url);
      const stream = session.request({
        ":method": method,
        ":path": path,
        "content-type": type,
        ...(!type.includes("grpc") && { "content-length": ANNOUNCED }),
      });
      stream.on("error", () => undefined);
      stream.write(beginning(type));
      let told = "";
      const tell = (headers: IncomingHttpHeaders & IncomingHttpStatusHeader) => {
        told += `${headers[":status"] ?? ""} ${JSON.stringify(headers)}`;
      };
      stream.once("response", tell).once("trailers", tell);
      stream.on("data", (bytes: Buffer) => {
        told += bytes.toString("latin1");
      });
      await once(stream, "end");
      assert.match(told, answer);
      assert.equal(stream.writableEnded, false, "the request was not whole");
      session.destroy();
    });

  test("over Connect the refusal says how to do better", PATIENT, async () => {
    const client = createClient(ManifestService, connectTransport(fortress));
    const error = await refusal(client.putManifest({ repository: "acme/app" }));
    assert.equal(error.code, Code.Unauthenticated);
    assert.match(error.metadata.get("www-authenticate") ?? "", /^Bearer realm="[^"]+",service="[^"]+"$/);
    assert.equal(error.details.length, 1);
  });

  test("behind a gateway elsewhere the challenge names the repository", PATIENT, async () => {
    const listener = createGateway({ transport: connectTransport(fortress) });
    const gateway = await startServer({
      host: "127.0.0.1",
      port: 0,
      gateway: { handles, listener },
      report: (error) => assert.fail(String(error)),
    });
    try {
      for (const [method, path] of [
        ["PUT", "manifests/v1"],
        ["PATCH", "blobs/uploads/00000000-0000-7000-8000-000000000000"],
      ] as const) {
        const call = { method, path: `/v2/acme/app/${path}`, body: SENT };
        const { status, headers } = await ask(`127.0.0.1:${gateway.address.port}`, call);
        assert.equal(status, 401);
        assert.match(headers["www-authenticate"] ?? "", /scope="repository:acme\/app:pull,push"/);
      }
    } finally {
      await gateway.close({ drainMs: 0 });
    }
  });

  test("a message that is too large for a small method is refused, also to who has a name", async () => {
    const headers = { authorization: basic("root") };
    for (const transport of transports(fortress)) {
      const client = createClient(AuthService, transport);
      const scopes = ["a".repeat(MAX_SMALL_REQUEST)];
      const error = await refusal(client.createAccessToken({ scopes }, { headers }));
      assert.equal(Code[error.code], Code[Code.ResourceExhausted]);
    }
  });

  test("a connection is of use after a message that was refused half read", PATIENT, async () => {
    const connection = await RawConnection.open(portOf(fortress));
    const type = "application/grpc-web+proto";
    const message = Buffer.concat([Buffer.from([0, 0, 0x10, 0, 0]), Buffer.alloc(0x10_0000)]);
    connection.head("POST /stowage.v1.EventService/ListEvents", {
      "Content-Type": type,
      "Content-Length": message.length,
    });
    connection.send(message);
    await connection.until((text) => /grpc-status: 8/.test(text));
    connection.head("GET /v2/");
    await connection.until((text) => /HTTP\/1\.1 401 /.test(text));
    assert.match(connection.received, /HTTP\/1\.1 401 /);
    connection.destroy();
  });

  test("the largest requests that are legal are read", async () => {
    const headers = { authorization: basic("root") };
    const deadLetterIds = Array.from({ length: 10_000 }, (_, index) => String(10 ** 15 + index));
    for (const transport of transports(fortress)) {
      const webhooks = createClient(NotificationService, transport);
      const request = { name: "none", deadLetterIds };
      assert.equal((await refusal(webhooks.redeliverDeadLetters(request, { headers }))).code, Code.NotFound);
      assert.equal((await refusal(webhooks.deleteDeadLetters(request, { headers }))).code, Code.NotFound);
      const scopes = Array.from({ length: 100 }, (_, index) => `repository:${index}/${"a".repeat(490)}:pull`);
      await createClient(AuthService, transport).issueToken({ scopes }, { headers });
      const filter = { repositories: Array<string>(16).fill("\u0001".repeat(512)) };
      await createClient(EventService, transport).listEvents({ filter }, { headers });
    }
  });
});

test("who is asked at the door is counted once", async () => {
  const settings = { REGISTRY_HTTP_LIMITS_RATE_PRINCIPAL: "1", REGISTRY_HTTP_LIMITS_RATE_BURST: "60" };
  await using fortress = await openFortress({
    settings: { ...settings, REGISTRY_HTTP_LIMITS_RATE_ADDRESS: "1" },
  });
  const client = createClient(ManifestService, connectTransport(fortress));
  const headers = { authorization: basic("alice") };
  const push = () => refusal(client.putManifest({ repository: "acme/app" }, { headers }));
  for (let count = 1; count <= 60; count += 1)
    assert.equal(Code[(await push()).code], "InvalidArgument", `push ${count}`);
  assert.equal(Code[(await push()).code], "ResourceExhausted");
});

suite("where anybody may push", () => {
  const policy = [{ repositories: "public/**", who: "anyone", allow: ["pull", "push"] }, ...POLICY];
  const index = { schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [] };
  const content = Buffer.from(JSON.stringify({ ...index, annotations: { a: "a".repeat(3.9 * MIB) } }));

  test("a large manifest is taken of who has no name", PATIENT, async () => {
    await using fortress = await openFortress({
      settings: { REGISTRY_AUTH_POLICY: JSON.stringify(policy) },
    });
    const push = { repository: "public/app", mediaType: INDEX_TYPE, content, tags: ["v1"] };
    for (const transport of transports(fortress)) {
      const { descriptor } = await createClient(ManifestService, transport).putManifest(push);
      assert.equal(descriptor?.size, BigInt(content.length));
    }
    const headers = { "content-type": INDEX_TYPE };
    const put = { method: "PUT", path: "/v2/public/app/manifests/v2", headers, body: content };
    assert.equal((await ask(fortress.host, put)).status, 201);
    assert.equal((await ask(fortress.host, { ...put, path: "/v2/acme/app/manifests/v2" })).status, 401);
  });
});

suite("who is let in and then takes its time", () => {
  for (const [name, path, method, type] of [
    ["an RPC", "/stowage.v1.ManifestService/PutManifest", "POST", "application/json"],
    ["the Docker API", "/v2/acme/app/manifests/v1", "PUT", INDEX_TYPE],
  ] as const)
    test(`is asked again when the body is there: ${name}`, PATIENT, async () => {
      await using fortress = await openFortress();
      const connection = await RawConnection.open(portOf(fortress));
      const body = JSON.stringify({ repository: "acme/app" }).padEnd(100_000);
      const headers = { Authorization: basic("alice"), "Content-Type": type };
      connection.head(`${method} ${path}`, {
        ...headers,
        "Content-Length": body.length,
        Expect: "100-continue",
      });
      await connection.until((text) => text.includes("100 Continue\r\n\r\n"));
      connection.send(body.slice(0, 50_000));
      const accounts = parse(await readFile(fortress.usersPath, "utf8"));
      delete accounts.users.alice;
      await writeFile(fortress.usersPath, stringify(accounts));
      await eventually("that alice is nobody", async () => {
        const { status } = await ask(fortress.host, { path: "/v2/", authorization: basic("alice") });
        return status === 401 ? true : undefined;
      });
      connection.send(body.slice(50_000));
      await connection.until((text) => /HTTP\/1\.1 (?!100)\d/.test(text));
      assert.match(connection.received, /HTTP\/1\.1 401 /);
      connection.destroy();
    });
});

/** Of a message; where it has an envelope, that tells its length. */
function beginning(type: string): Buffer {
  const envelope = Buffer.from([0, 0, ANNOUNCED >> 16, 0, 0]);
  return /grpc|connect/.test(type) ? Buffer.concat([envelope, SENT]) : SENT;
}

function portOf({ host }: Fortress): number {
  return Number(host.split(":")[1]);
}

function connectTransport({ url: baseUrl }: Fortress, useBinaryFormat = true): Transport {
  return createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat });
}

function transports(fortress: Fortress): readonly Transport[] {
  const grpc = createGrpcTransport({ baseUrl: fortress.url, idleConnectionTimeoutMs: 100 });
  return [connectTransport(fortress), connectTransport(fortress, false), grpc];
}

function refusal(call: Promise<unknown>): Promise<ConnectError> {
  return call.then(
    () => assert.fail("it was answered"),
    (error: unknown) => ConnectError.from(error),
  );
}

// The access log of a real registry, as a collector reads it.
import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { BlobService } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { type RunningCommand, startServe } from "../commands/cli.ts";
import { eventually } from "../support/eventually.ts";

type Line = Readonly<Record<string, unknown>>;

async function serve(t: TestContext, env: Readonly<Record<string, string>> = {}) {
  const { command, url } = await startServe({ REGISTRY_LOG_FORMATTER: "json", ...env });
  t.after(() => command[Symbol.asyncDispose]());
  return { command, url };
}

function linesOf(command: RunningCommand): readonly Line[] {
  const whole = command.errors.slice(0, command.errors.lastIndexOf("\n") + 1);
  return whole
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Line => JSON.parse(line));
}

const requestsOf = (command: RunningCommand) =>
  linesOf(command).filter(({ message }) => message === "request");

const found = (command: RunningCommand, fits: (line: Line) => boolean) =>
  eventually(
    "the line",
    async () => requestsOf(command).find(fits),
    () => command.errors,
  );

test("a request of the Docker API is one line with all that is known of it", async (t) => {
  const { command, url } = await serve(t);
  const answer = await fetch(`${url}/v2/acme/ship/manifests/v1?ns=docker.io`, {
    headers: { "User-Agent": "test agent", Authorization: "Basic aHVzaDpodXNo" },
  });
  const body = await answer.text();
  const { durationMs, client, time, instanceId, ...rest } = await found(command, () => true);
  assert.deepEqual(rest, {
    level: "info",
    requestId: answer.headers.get("x-request-id"),
    method: "GET",
    path: "/v2/acme/ship/manifests/v1?…",
    status: 404,
    bytes: body.length,
    handler: "manifest",
    rpc: "stowage.v1.ManifestService/GetManifest",
    repository: "acme/ship",
    reference: "v1",
    userAgent: "test agent",
    host: new URL(url).host,
    protocol: "1.1",
    message: "request",
  });
  assert.ok(typeof durationMs === "number" && durationMs > 0);
  assert.match(String(client), /^127\.0\.0\.1:\d+$/);
  assert.match(String(time), /^\d{4}-.*Z$/);
  assert.match(String(instanceId), /^[0-9a-f-]{36}$/);
});

test("who is behind the credentials is told, and the credentials are not", async (t) => {
  const { command, url } = await serve(t, { REGISTRY_AUTH: "silly" });
  await fetch(`${url}/v2/`, { headers: { Authorization: "Bearer hush-hush" } });
  const { principal, status } = await found(command, ({ path }) => path === "/v2/");
  assert.equal(status, 200);
  assert.equal(typeof principal, "string");
  assert.doesNotMatch(command.errors, /hush/);
});

test("a digest in the answer is told too", async (t) => {
  const { command, url } = await serve(t);
  const digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const pushed = await fetch(`${url}/v2/acme/ship/blobs/uploads/?digest=${digest}`, {
    method: "POST",
    headers: { "Content-Length": "0" },
  });
  assert.equal(pushed.status, 201);
  const line = await found(command, ({ status }) => status === 201);
  assert.deepEqual([line.digest, line.repository, line.method], [digest, "acme/ship", "POST"]);
});

test("an RPC is a line with its name", async (t) => {
  const { command, url } = await serve(t);
  const path = "/stowage.v1.ManifestService/ListRepositories";
  await fetch(url + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
  const { rpc, status, handler } = await found(command, (line) => line.path === path);
  assert.deepEqual([rpc, status, handler], [path.slice(1), 200, undefined]);
});

test("an RPC that failed tells how, although with gRPC the answer is 200; a request of the Docker API has its status", async (t) => {
  const { command, url } = await serve(t);
  const client = createClient(BlobService, createGrpcTransport({ baseUrl: url }));
  await assert.rejects(client.statBlob({ repository: "acme/ship", digest: `sha256:${"0".repeat(64)}` }));
  const { status, code } = await found(command, ({ rpc }) => rpc === "stowage.v1.BlobService/StatBlob");
  assert.deepEqual([status, code], [200, "not_found"]);
  await fetch(`${url}/v2/acme/ship/manifests/v1`);
  const line = await found(command, ({ handler }) => handler === "manifest");
  assert.deepEqual([line.status, line.code], [404, undefined]);
});

test("of queries what is not the Docker API's is left out: it may be a password", async (t) => {
  const { command, url } = await serve(t);
  await fetch(`${url}/login?password=hush`);
  await fetch(`${url}/token?password=hush`);
  await found(command, ({ path }) => path === "/login?…");
  await found(command, ({ path }) => path === "/token?…");
  assert.doesNotMatch(command.errors, /hush/);
});

test("a probe is told only to those who look for everything", async (t) => {
  const quiet = await serve(t);
  const chatty = await serve(t, { REGISTRY_LOG_LEVEL: "debug" });
  for (const { url, command } of [quiet, chatty]) {
    await fetch(`${url}/`);
    await fetch(`${url}/grpc.health.v1.Health/Check`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: "{}",
    });
    await fetch(`${url}/v2/`);
    await found(command, ({ path }) => path === "/v2/");
  }
  assert.deepEqual(
    requestsOf(quiet.command).map(({ path }) => path),
    ["/v2/"],
  );
  assert.deepEqual(
    requestsOf(chatty.command).map(({ path, level }) => [path, level]),
    [
      ["/", "debug"],
      ["/grpc.health.v1.Health/Check", "debug"],
      ["/v2/", "info"],
    ],
  );
});

test("below a prefix a probe is one, too", async (t) => {
  const { command, url } = await serve(t, { REGISTRY_HTTP_PREFIX: "/hub/" });
  const [headers, body] = [{ "Content-Type": "application/json" }, "{}"];
  const { origin } = new URL(url);
  assert.equal((await fetch(`${origin}/hub/`)).status, 200);
  const asked = await fetch(`${origin}/hub/grpc.health.v1.Health/Check`, { method: "POST", headers, body });
  assert.equal(asked.status, 200);
  await fetch(`${origin}/hub/v2/`);
  await found(command, ({ path }) => path === "/hub/v2/");
  assert.equal(requestsOf(command).length, 1);
});

test("turned off there is none, and other lines stay", async (t) => {
  const { command, url } = await serve(t, { REGISTRY_LOG_ACCESSLOG_DISABLED: "true" });
  await fetch(`${url}/v2/`);
  command.signal("SIGTERM");
  assert.equal(await command.exit(), 0);
  assert.deepEqual(
    linesOf(command).map(({ message }) => message),
    ["listening", "stopping; running requests may finish", "stopped"],
  );
});

/** Sends the bytes as they are and waits for an answer. */
async function sendRaw(url: string, bytes: Buffer): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.end(bytes);
  socket.resume();
  await new Promise((resolve) => socket.once("close", resolve));
}

for (const formatter of ["json", "text"]) {
  test(`in the form of ${formatter} a client cannot break a line or steer a terminal`, async (t) => {
    const { command, url } = await serve(t, { REGISTRY_LOG_FORMATTER: formatter });
    const agent = Buffer.from('User-Agent: "}\\n level=panic \u009b31m \u202e\r\n', "latin1");
    const path = "/v2/a%0Alevel=panic%1b[31m/manifests/%E2%80%A8v1";
    await sendRaw(
      url,
      Buffer.concat([
        Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a=b"c\r\nConnection: close\r\n`),
        agent,
        Buffer.from("\r\n"),
      ]),
    );
    await fetch(`${url}/v2/`);
    await eventually("both lines", async () =>
      command.errors.split(/message":"request"|msg=request/).length > 2 ? true : undefined,
    );
    assert.doesNotMatch(command.errors.replaceAll("\n", ""), /[\p{Cc}\p{Cf}\u2028\u2029]/u);
    const lines = command.errors.trimEnd().split("\n");
    const form = formatter === "json" ? /^\{"level":"info",.*\}$/ : /^time=\S+ level=info msg=/;
    for (const line of lines) assert.match(line, form);
    if (formatter === "json") for (const line of lines) JSON.parse(line);
  });
}

test("of an answer that was broken off it is not told how long it would have been", async (t) => {
  const { command, url } = await serve(t);
  const body = Buffer.alloc(64 * 1024 * 1024, 1);
  const digest = digestOf(body);
  await fetch(`${url}/v2/acme/ship/blobs/uploads/?digest=${digest}`, { method: "POST", body });
  const call = request(`${url}/v2/acme/ship/blobs/${digest}`).on("error", () => undefined);
  call.on("response", (response) => {
    response.on("error", () => undefined).once("data", () => response.destroy());
  });
  call.end();
  const line = await found(command, ({ method }) => method === "GET");
  assert.deepEqual([line.status, line.aborted, line.bytes], [200, true, undefined]);
});

test("a client that leaves is told as one that did", async (t) => {
  const { command, url } = await serve(t);
  const call = request(`${url}/v2/acme/ship/blobs/uploads/`, { method: "POST" });
  call.on("error", () => undefined);
  const uploading = await new Promise<string>((resolve) => {
    call.on("response", (response) => {
      response.resume();
      resolve(new URL(response.headers.location ?? "", url).href);
    });
    call.end();
  });
  const upload = request(uploading, { method: "PATCH", headers: { "Content-Length": "1000" } });
  upload.on("error", () => undefined);
  upload.write("some");
  await new Promise((resolve) => setTimeout(resolve, 300));
  upload.destroy();
  const line = await found(command, ({ method }) => method === "PATCH");
  assert.equal(line.aborted, true);
});

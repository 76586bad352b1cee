// The gateway on HTTP/2, where there is no connection to close and no length to rely on.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from "node:http2";
import { after, before, test } from "node:test";
import { type GatewayServer, openGatewayServer } from "./gateway-server.ts";

let server: GatewayServer;
let session: ClientHttp2Session;

before(async () => {
  server = await openGatewayServer({ mode: "direct", limits: { progressTimeoutMs: 1000 } });
  session = connect(`http://${server.host}`);
});

after(async () => {
  session.destroy();
  await server.close();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A body that is given without its end stays open. */
async function call(
  head: Record<string, string>,
  body?: Uint8Array,
  options: { readonly open?: boolean } = {},
): Promise<Answer> {
  const stream = session.request(head, { endStream: body === undefined });
  if (body !== undefined) stream.write(body);
  if (body !== undefined && options.open !== true) stream.end();
  const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders & { ":status": number }];
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return { status: headers[":status"], headers, body: Buffer.concat(chunks) };
}

const content = randomBytes(3_000_000);
const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
const blob = `/v2/a/blobs/${digest}`;

test("a blob goes up and comes down", async () => {
  const path = `/v2/a/blobs/uploads/?digest=${digest}`;
  assert.equal((await call({ ":method": "POST", ":path": path }, content)).status, 201);
  const { status, headers, body } = await call({ ":path": blob });
  assert.equal(status, 200);
  assert.equal(headers["docker-content-digest"], digest);
  assert.ok(body.equals(content));
});

test("HEAD has headers and no body", async () => {
  const { status, headers, body } = await call({ ":method": "HEAD", ":path": blob });
  assert.equal(status, 200);
  assert.equal(headers["content-length"], String(content.length));
  assert.equal(body.length, 0);
});

test("a session is begun without a body and written without a length", async () => {
  const begun = await call({ ":method": "POST", ":path": "/v2/a/blobs/uploads/" });
  assert.equal(begun.status, 202);
  const path = begun.headers.location ?? "";
  const written = await call({ ":method": "PATCH", ":path": path }, content.subarray(0, 1000));
  assert.equal(written.headers.range, "0-999");
  const closed = await call(
    { ":method": "PUT", ":path": `${path}?digest=${digest}` },
    content.subarray(1000),
  );
  assert.equal(closed.status, 201);
});

test("parts come as multipart", async () => {
  const { status, headers, body } = await call({ ":path": blob, range: "bytes=0-9,100-109" });
  assert.equal(status, 206);
  assert.equal(Number(headers["content-length"]), body.length);
  assert.ok(body.includes(content.subarray(0, 10)) && body.includes(content.subarray(100, 110)));
});

test("an unchanged blob is not sent", async () => {
  const { status, body } = await call({ ":path": blob, "if-none-match": `"${digest}"` });
  assert.equal(status, 304);
  assert.equal(body.length, 0);
});

test("an error comes whole while the client is still sending, and other requests go on", async () => {
  const path = "/v2/a/blobs/uploads/unknown";
  const { status, headers, body } = await call({ ":method": "PATCH", ":path": path }, content, {
    open: true,
  });
  assert.equal(status, 404);
  assert.equal(headers["content-type"], "application/json");
  assert.equal(JSON.parse(body.toString()).errors[0].code, "BLOB_UPLOAD_UNKNOWN");
  assert.equal((await call({ ":path": "/v2/" })).status, 200);
});

test("a client that stops sending is told so", async () => {
  const begun = await call({ ":method": "POST", ":path": "/v2/a/blobs/uploads/" });
  const head = { ":method": "PATCH", ":path": begun.headers.location ?? "" };
  const { status } = await call(head, new Uint8Array(10), { open: true });
  assert.equal(status, 408);
  assert.equal((await call({ ":path": head[":path"] })).headers.range, "0-9");
});

test("a client that takes only the beginning frees the blob", async () => {
  const stream = session.request({ ":path": blob });
  await once(stream, "response");
  stream.close(constants.NGHTTP2_CANCEL);
  await once(stream, "close");
  assert.equal((await call({ ":path": blob })).status, 200);
  assert.deepEqual(server.logged, []);
});

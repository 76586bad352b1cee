// Clients that stand still or vanish do not hold anything for ever, and streams that
// are silent for good reason are left alone.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";
import { test } from "node:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { RawConnection, runServer } from "./running-server.ts";

const UPLOAD = "PUT /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc";
const HTTP2_PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

test("an upload that stands still is cut off over HTTP/1.1", async () => {
  await using running = await runServer({ progressTimeoutMs: 50 });
  const raw = new RawConnection(running.port);
  await raw.send(UPLOAD);
  assert.equal(await raw.rest(), "");
});

test("an upload that stands still is cut off over HTTP/2, and its connection stays", async () => {
  await using running = await runServer({ progressTimeoutMs: 50 });
  const session = connectHttp2(running.url);
  const stalled = session.request({ ":method": "PUT", ":path": "/v2/" });
  stalled.on("error", () => undefined);
  stalled.write("abc");
  await once(stalled, "close");
  assert.equal(stalled.rstCode, constants.NGHTTP2_CANCEL);
  const next = session.request({ ":path": "/v2/" });
  next.resume();
  await once(next, "end");
  session.close();
});

for (const version of ["1.1", "2"] as const) {
  test(`a silent event stream outlives a stalled upload over HTTP/${version}`, async () => {
    await using running = await runServer({ progressTimeoutMs: 50, pingIntervalMs: 20 });
    const options = { baseUrl: running.url, httpVersion: version };
    const transport = version === "2" ? createGrpcTransport(options) : createConnectTransport(options);
    const messages = createClient(EventService, transport).subscribe({})[Symbol.asyncIterator]();
    await messages.next();
    for (let stalled = 0; stalled < 3; stalled += 1) {
      const raw = new RawConnection(running.port);
      await raw.send(UPLOAD);
      await raw.rest();
    }
    const end = messages.next().catch((reason: unknown) => reason);
    await running.server.close({ drainMs: 60_000 });
    const error = await end;
    assert.ok(error instanceof ConnectError);
    assert.equal(error.code, Code.Unavailable);
  });
}

test("a kept HTTP/1.1 connection is closed when nothing is asked for long", async () => {
  await using running = await runServer({ idleTimeoutMs: 50 });
  const raw = new RawConnection(running.port);
  await raw.send("GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.match(await raw.rest(), /200 OK/);
});

test("an HTTP/2 connection is closed in order when nothing is asked for long", async () => {
  await using running = await runServer({ idleTimeoutMs: 50 });
  const session = connectHttp2(running.url);
  const [code] = await once(session, "goaway");
  assert.equal(code, constants.NGHTTP2_NO_ERROR);
});

test("an HTTP/2 client that answers no ping is cut off", async () => {
  await using running = await runServer({ pingIntervalMs: 20 });
  const raw = new RawConnection(running.port);
  await raw.send(Buffer.concat([HTTP2_PREFACE, EMPTY_SETTINGS]));
  await raw.rest();
});

test("a client that leaves in the middle of a stream is no failure of the server's", async () => {
  await using running = await runServer();
  for (const httpVersion of ["1.1", "2"] as const) {
    const controller = new AbortController();
    const transport = createConnectTransport({ baseUrl: running.url, httpVersion });
    const stream = createClient(EventService, transport).subscribe({}, { signal: controller.signal });
    await stream[Symbol.asyncIterator]().next();
    controller.abort();
  }
  await running.server.close({ drainMs: 60_000 });
  assert.deepEqual(running.reports, []);
});

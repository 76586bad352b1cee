// Stopping: what runs may finish, what idles goes, what never ends is told, and the
// deadline is kept.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { HELD, RawConnection, runServer } from "./running-server.ts";

const LONG_MS = 60_000;
const REQUEST = "GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n";
const UPLOAD = "PUT /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc";

test("an idle connection is closed at once", async () => {
  await using running = await runServer();
  const silent = new RawConnection(running.port);
  const kept = new RawConnection(running.port);
  await once(silent.socket, "connect");
  await kept.send(REQUEST);
  await kept.until("length");
  await running.server.close({ drainMs: LONG_MS });
  await Promise.all([silent.rest(), kept.rest()]);
});

test("an idle HTTP/2 connection is closed at once", async () => {
  await using running = await runServer();
  const session = connectHttp2(running.url);
  await once(session, "remoteSettings");
  const closed = once(session, "close");
  await running.server.close({ drainMs: LONG_MS });
  await closed;
});

test("a slow upload finishes, is answered with Connection: close, and then its connection ends", async () => {
  await using running = await runServer();
  const raw = new RawConnection(running.port);
  await raw.send(UPLOAD);
  await served(running.port); // After its answer, the upload has reached the gateway too.
  const closed = running.server.close({ drainMs: LONG_MS });
  await raw.send("def");
  const answer = await raw.rest();
  assert.match(answer, /"length":6/);
  assert.match(answer, /^connection: close$/im);
  await closed;
});

test("a slow upload over HTTP/2 finishes, and its connection takes no other request", async () => {
  await using running = await runServer();
  const session = connectHttp2(running.url);
  const stream = session.request({ ":method": "PUT", ":path": "/v2/" });
  stream.write("abc");
  await served(running.port);
  const goaway = once(session, "goaway");
  const closed = running.server.close({ drainMs: LONG_MS });
  await goaway;
  stream.end("def");
  let answer = "";
  for await (const chunk of stream) answer += chunk;
  assert.match(answer, /"length":6/);
  await closed;
});

const STREAMS: Readonly<Record<string, (baseUrl: string) => Transport>> = {
  "Connect over HTTP/1.1": (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" }),
  "gRPC over HTTP/2": (baseUrl) => createGrpcTransport({ baseUrl }),
};

for (const [name, transport] of Object.entries(STREAMS)) {
  test(`an endless stream ends with unavailable over ${name}`, async () => {
    await using running = await runServer();
    const stream = createClient(EventService, transport(running.url)).subscribe({});
    const messages = stream[Symbol.asyncIterator]();
    await messages.next();
    const closed = running.server.close({ drainMs: LONG_MS });
    const error = await messages.next().catch((reason: unknown) => reason);
    assert.ok(error instanceof ConnectError);
    assert.equal(error.code, Code.Unavailable);
    assert.match(error.rawMessage, /resume/);
    await closed;
  });
}

test("a connection in the middle of an answer ends after it, and another request on it is refused", async () => {
  await using running = await runServer();
  const raw = new RawConnection(running.port);
  await raw.send(REQUEST.replace("/v2/", HELD));
  await raw.until("held");
  const closed = running.server.close({ drainMs: LONG_MS });
  await raw.send(REQUEST);
  await wait(50); // for the request to arrive
  running.release();
  assert.match(await raw.rest(), /held releasedHTTP\/1.1 503 .*"UNAVAILABLE"/s);
  await closed;
});

test("new connections are refused", async () => {
  await using running = await runServer();
  await running.server.close({ drainMs: LONG_MS });
  const socket = connect(running.port, "127.0.0.1");
  const [error] = await once(socket, "error");
  assert.equal(error.code, "ECONNREFUSED");
});

test("what still runs at the deadline is cut off", async () => {
  await using running = await runServer();
  const raw = new RawConnection(running.port);
  const session = connectHttp2(running.url);
  session.on("error", () => undefined);
  const stream = session.request({ ":method": "PUT", ":path": "/v2/" });
  stream.on("error", () => undefined);
  stream.write("abc");
  await raw.send(UPLOAD);
  await served(running.port);
  await running.server.close({ drainMs: 50 });
  assert.equal(await raw.rest(), "");
});

test("closing twice is closing once", async () => {
  await using running = await runServer();
  const first = running.server.close({ drainMs: LONG_MS });
  assert.equal(running.server.close({ drainMs: 0 }), first);
  await first;
});

/** Resolves when the server has answered a request of its own, and so has seen what was sent before. */
async function served(port: number): Promise<void> {
  const raw = new RawConnection(port);
  await raw.send(REQUEST.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
  await raw.rest();
}

// How much one client may take: connections from one address, and bytes of a head.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";
import { test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { assertRawError, RawConnection, runServer } from "./running-server.ts";

const GET = "GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n";

async function open(port: number): Promise<RawConnection> {
  const raw = new RawConnection(port);
  await raw.send(GET);
  return raw;
}

test("connections beyond the limit of an address are closed at once, and reported once", async () => {
  await using running = await runServer({ maxConnectionsPerAddress: 2 });
  const kept = [await open(running.port), await open(running.port)];
  for (const raw of kept) await raw.until("length");
  for (let more = 0; more < 5; more += 1) assert.equal(await (await open(running.port)).rest(), "");
  assert.equal(running.reports.length, 1);
  assert.match(String(running.reports[0]), /latest: 127\.0\.0\.1:\d+/);
  kept[0]?.socket.destroy();
  await eventually("a free place", async () => {
    const raw = await open(running.port);
    return await raw.until("length").catch(() => undefined);
  });
});

test("a trusted proxy may have any number of connections", async () => {
  await using running = await runServer({ maxConnectionsPerAddress: 1 }, { trustedProxies: ["127.0.0.0/8"] });
  for (const raw of [await open(running.port), await open(running.port)]) await raw.until("length");
});

test("connections beyond the limit of all are reported once", async () => {
  await using running = await runServer({ maxConnections: 1 });
  await (await open(running.port)).until("length");
  for (let more = 0; more < 3; more += 1) assert.equal(await new RawConnection(running.port).rest(), "");
  assert.match(String(running.reports), /^Error: the limit is 1; 1 since the last report$/);
});

test("a head may be as long as the limit, and no longer, over HTTP/1.1", async () => {
  await using running = await runServer({ maxHeaderSize: 1000 });
  const short = new RawConnection(running.port);
  await short.send(`GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: ${"a".repeat(700)}\r\n\r\n`);
  assert.match(await short.rest(), /200 OK/);
  for (const long of [
    `GET /v2/ HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(1100)}\r\n\r\n`,
    `GET /v2/${"a".repeat(1100)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    `GET /v2/ HTTP/1.1\r\nHost: a\r\n${"X-Name: value\r\n".repeat(400)}\r\n`,
  ]) {
    const raw = new RawConnection(running.port);
    await raw.send(long);
    assertRawError(await raw.rest(), 431, "REQUEST_INVALID");
  }
});

test("a head may be as long as the limit, and no longer, over HTTP/2", async () => {
  await using running = await runServer({ maxHeaderSize: 1000 });
  const session = connectHttp2(running.url);
  const short = session.request({ ":path": "/v2/", x: "a".repeat(300) });
  const [headers] = await once(short.resume(), "response");
  assert.equal(headers[":status"], 200);
  const long = session.request({ ":path": "/v2/", x: "a".repeat(2000) });
  long.on("error", () => undefined);
  await new Promise((resolve) => long.once("close", resolve));
  assert.equal(long.rstCode, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  session.close();
});

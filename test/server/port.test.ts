// One port for everything: HTTP/1.1 and HTTP/2, whatever way the bytes come, and
// whole bodies through it.
import assert from "node:assert/strict";
import { connect as connectHttp2 } from "node:http2";
import { test } from "node:test";
import { lacking } from "../support/required-tools.ts";
import { run } from "../support/run.ts";
import { RawConnection, runServer } from "./running-server.ts";

const MEBIBYTE = 1024 * 1024;
const WITH_CURL = { skip: lacking("curl") };

async function curl(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run(["curl", "--silent", "--show-error", "--fail", ...args]);
  return JSON.parse(stdout);
}

test("curl speaks HTTP/1.1 to the port", WITH_CURL, async () => {
  await using running = await runServer();
  assert.equal((await curl("--http1.1", `${running.url}/v2/`)).version, "1.1");
});

test("curl speaks HTTP/2 to the port with prior knowledge", WITH_CURL, async () => {
  await using running = await runServer();
  assert.equal((await curl("--http2-prior-knowledge", `${running.url}/v2/`)).version, "2.0");
});

test("a request to upgrade to HTTP/2 is served as HTTP/1.1", WITH_CURL, async () => {
  await using running = await runServer();
  assert.equal((await curl("--http2", `${running.url}/v2/`)).version, "1.1");
});

test("a probe of / is answered with nothing", async () => {
  await using running = await runServer();
  for (const method of ["GET", "HEAD"]) {
    const response = await fetch(`${running.url}/`, { method });
    assert.deepEqual([response.status, await response.text()], [200, ""]);
  }
});

for (const upgrade of ["websocket", "h2c"]) {
  test(`an upgrade to ${upgrade} is ignored`, async () => {
    await using running = await runServer();
    const raw = new RawConnection(running.port);
    await raw.send(
      `GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: ${upgrade}\r\n\r\n`,
    );
    assert.match(await raw.rest(), /^HTTP\/1.1 200 OK/);
  });
}

for (const headers of [{ "Content-Length": String(10 * MEBIBYTE) }, undefined]) {
  test(`a body of 10 MiB ${headers === undefined ? "without" : "with"} a length comes through HTTP/1.1 whole`, async () => {
    await using running = await runServer();
    const body = new Blob([new Uint8Array(10 * MEBIBYTE)]).stream();
    const init = { method: "PUT", body, duplex: "half", ...(headers && { headers }) } as const;
    const answer = await fetch(`${running.url}/v2/blob`, init);
    assert.equal(JSON.parse(await answer.text()).length, 10 * MEBIBYTE);
  });
}

test("a body of 10 MiB comes through HTTP/2 whole", async () => {
  await using running = await runServer();
  const session = connectHttp2(running.url);
  const stream = session.request({ ":method": "PUT", ":path": "/v2/blob" });
  stream.end(Buffer.alloc(10 * MEBIBYTE));
  let answer = "";
  for await (const chunk of stream) answer += chunk;
  session.close();
  assert.equal(JSON.parse(answer).length, 10 * MEBIBYTE);
});

test("a request that comes byte by byte is served", async () => {
  await using running = await runServer();
  const raw = new RawConnection(running.port);
  for (const byte of "PUT /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc") {
    await raw.send(byte);
    await new Promise(setImmediate);
  }
  assert.match(await raw.rest(), /"length":3/);
});

test("a client that half-closes after its request gets its answer", async () => {
  await using running = await runServer();
  const raw = new RawConnection(running.port);
  raw.socket.end("GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.match(await raw.rest(), /"length":0/);
});

test("requests on one connection are answered one after the other", async () => {
  await using running = await runServer();
  const raw = new RawConnection(running.port);
  const request = "GET /v2/ HTTP/1.1\r\nHost: a\r\n";
  await raw.send(`${request}\r\n${request}Connection: close\r\n\r\n`);
  assert.equal((await raw.rest()).match(/HTTP\/1.1 200 OK/g)?.length, 2);
});

test("connections beyond the limit are closed, and the others go on", async () => {
  await using running = await runServer({ maxConnections: 1 });
  const first = new RawConnection(running.port);
  await first.send("GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n");
  await first.until("length");
  assert.equal(await new RawConnection(running.port).rest(), "");
  await first.send("GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert.equal((await first.rest()).match(/HTTP\/1.1 200 OK/g)?.length, 2);
});

// Whatever the server refuses by itself, it refuses in OCI's error JSON.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, type OutgoingHttpHeaders } from "node:http2";
import { test } from "node:test";
import { assertRawError, RawConnection, runServer } from "./running-server.ts";

const GET = "GET /v2/ HTTP/1.1\r\n";
const RPC = "/stowage.v1.EventService/ListEvents";

/** What is sent, and how it is refused. */
const MALFORMED: readonly (readonly [name: string, bytes: string, status: number, code: string])[] = [
  ["garbage", "\u0000\u0001\u0002\r\n\r\n", 400, "REQUEST_INVALID"],
  ["a TLS greeting", "\u0016\u0003\u0001\u0002\u0000\u0001", 400, "REQUEST_INVALID"],
  ["an HTTP/2 preface that goes astray", "PRI * HTTP/2.0\r\n\r\nNO\r\n\r\n", 400, "REQUEST_INVALID"],
  ["a broken header line", `${GET}Host: a\r\nno colon\r\n\r\n`, 400, "REQUEST_INVALID"],
  ["two lengths", `${GET}Host: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n`, 400, "REQUEST_INVALID"],
  [
    "a length and chunks",
    `${GET}Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    400,
    "REQUEST_INVALID",
  ],
  ["a broken chunk", `${GET}Host: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`, 400, "REQUEST_INVALID"],
  ["long headers", `${GET}Host: a\r\nX: ${"a".repeat(300_000)}\r\n\r\n`, 431, "REQUEST_INVALID"],
  ["no Host", `${GET}\r\n`, 400, "REQUEST_INVALID"],
  ["a tunnel", "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n", 405, "UNSUPPORTED"],
];

for (const [name, bytes, status, code] of MALFORMED) {
  test(`${name} is refused with ${status}`, async () => {
    await using running = await runServer();
    const raw = new RawConnection(running.port);
    await raw.send(Buffer.from(bytes, "latin1"));
    assertRawError(await raw.rest(), status, code);
  });
}

test("a request that ends before the protocol is known is refused with 400", async () => {
  await using running = await runServer();
  const raw = new RawConnection(running.port);
  raw.socket.end("PR");
  assertRawError(await raw.rest(), 400, "REQUEST_INVALID");
});

for (const [name, bytes] of Object.entries({
  nothing: "",
  "half a protocol": "PR",
  "half a head": `${GET}Ho`,
})) {
  test(`a client that sends ${name} and waits is refused with 408`, async () => {
    await using running = await runServer({ headerTimeoutMs: 200 });
    const raw = new RawConnection(running.port);
    if (bytes !== "") await raw.send(bytes);
    assertRawError(await raw.rest(), 408, "REQUEST_TIMEOUT");
  });
}

/** What is asked, over either protocol, and how it is refused. */
const REFUSED: readonly (readonly [name: string, headers: OutgoingHttpHeaders, status: number])[] = [
  ["a change of the root", { ":path": "/", ":method": "PUT" }, 404],
  ["an unknown path", { ":path": "/metrics?x=1" }, 404],
  ["an unknown RPC", { ":path": "/stowage.v1.EventService/Nothing", ":method": "POST" }, 404],
  ["the wrong method for an RPC", { ":path": RPC, ":method": "DELETE" }, 405],
  [
    "the wrong content type for an RPC",
    { ":path": RPC, ":method": "POST", "content-type": "text/plain" },
    415,
  ],
  ["an expectation", { ":path": "/v2/", expect: "200-ok" }, 417],
];

for (const [name, headers, status] of REFUSED) {
  test(`${name} is refused with ${status} over HTTP/1.1`, async () => {
    await using running = await runServer();
    const raw = new RawConnection(running.port);
    const { ":method": method = "GET", ":path": path, ...others } = headers;
    const lines = Object.entries({ Host: "a", Connection: "close", "Content-Length": "0", ...others });
    const head = lines.map(([field, value]) => `${field}: ${value}\r\n`).join("");
    await raw.send(`${method} ${path} HTTP/1.1\r\n${head}\r\n`);
    assertRawError(await raw.rest(), status, "UNSUPPORTED");
  });

  test(`${name} is refused with ${status} over HTTP/2`, async () => {
    await using running = await runServer();
    const session = connectHttp2(running.url);
    const stream = session.request(headers);
    const [answer] = await once(stream, "response");
    let body = "";
    for await (const chunk of stream) body += chunk;
    session.close();
    assert.equal(answer[":status"], status);
    assert.equal(answer["content-type"], "application/json");
    assert.equal(JSON.parse(body).errors[0].code, "UNSUPPORTED");
  });
}

test("a host that is none is refused with 400 for an RPC", async () => {
  await using running = await runServer();
  const raw = new RawConnection(running.port);
  await raw.send(`POST ${RPC} HTTP/1.1\r\nHost: a b[\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  assertRawError(await raw.rest(), 400, "REQUEST_INVALID");
  assert.deepEqual(running.reports, []);
});

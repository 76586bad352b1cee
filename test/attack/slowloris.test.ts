// Clients that take their time on purpose: each is given up on after the time that it
// has, and not later because it sends a byte now and then.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, suite, test } from "node:test";
import { connect as connectTls } from "node:tls";
import type { TlsConfig } from "../../src/config/config.ts";
import type { Gateway } from "../../src/server/dispatch.ts";
import type { ServerLimits } from "../../src/server/limits.ts";
import { assertRawError, RawConnection, runServer } from "../server/running-server.ts";
import { Authority } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { lacking } from "../support/required-tools.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const MEBIBYTE = 1024 * 1024;
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** Empty SETTINGS; then the head of HEADERS that go on in a CONTINUATION, which never comes. */
const HALF_HEADERS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0x82]);

const SHORT: Partial<ServerLimits> = { headerTimeoutMs: 200 };

/** Sends a byte every few milliseconds as long as it can, and resolves to what the server said. */
async function dribble(raw: RawConnection, bytes: () => string): Promise<string> {
  const timer = setInterval(() => raw.socket.writable && raw.socket.write(bytes()), 10);
  try {
    return await raw.rest();
  } finally {
    clearInterval(timer);
  }
}

test("a head that never ends is answered with 408", async () => {
  await using running = await runServer(SHORT);
  const raw = new RawConnection(running.port);
  await raw.send("GET /v2/ HTTP/1.1\r\nHost: a\r\nX: ");
  assertRawError(await dribble(raw, () => "a"), 408, "REQUEST_TIMEOUT");
});

test("a second head that never ends is given up on too", async () => {
  await using running = await runServer(SHORT);
  const raw = new RawConnection(running.port);
  await raw.send("GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\nGET /v2/ HTTP/1.1\r\nX: ");
  assert.match(await dribble(raw, () => "a"), /200 OK.*408 /s);
});

test("the beginning of an HTTP/2 preface is given up on", async () => {
  await using running = await runServer(SHORT);
  let sent = 0;
  const raw = new RawConnection(running.port);
  const answer = await dribble(raw, () => (sent < 20 ? (PREFACE[sent++] ?? "") : ""));
  assertRawError(answer, 408, "REQUEST_TIMEOUT");
});

test("an HTTP/2 client that stops after its preface is sent away", async () => {
  await using running = await runServer({ idleTimeoutMs: 100 });
  const raw = new RawConnection(running.port);
  await raw.send(PREFACE);
  await raw.rest();
});

test("an HTTP/2 client that stops in the middle of its headers is sent away", async () => {
  await using running = await runServer({ idleTimeoutMs: 100, pingIntervalMs: 50 });
  const raw = new RawConnection(running.port);
  await raw.send(Buffer.concat([Buffer.from(PREFACE), HALF_HEADERS]));
  await raw.rest();
});

for (const [name, head] of Object.entries({
  length: "Content-Length: 100\r\n\r\nabc",
  chunks: "Transfer-Encoding: chunked\r\n\r\n64\r\nabc",
}))
  test(`a body with ${name} that stops is given up on`, async () => {
    await using running = await runServer({ progressTimeoutMs: 100 });
    const raw = new RawConnection(running.port);
    await raw.send(`PUT /v2/ HTTP/1.1\r\nHost: a\r\n${head}`);
    assert.equal(await raw.rest(), "");
  });

test("a client that does not read its answer is given up on", async () => {
  let isGivenUp = false;
  const gateway: Gateway = {
    handles: () => true,
    listener: (_request, response) => {
      response.once("close", () => {
        isGivenUp = true;
      });
      response.on("error", () => undefined).write(Buffer.alloc(64 * MEBIBYTE));
    },
  };
  await using running = await runServer({ progressTimeoutMs: 100 }, { gateway });
  const socket = connect({ host: "127.0.0.1", port: running.port }).on("error", () => undefined);
  socket.write("GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n");
  await eventually("the end", async () => isGivenUp || undefined);
  socket.destroy();
});

suite("with TLS", { skip: lacking("openssl") }, () => {
  let directory: string;
  let ca: string;
  let tls: TlsConfig;

  before(async () => {
    directory = await makeTemporaryDirectory();
    const authority = await Authority.make(directory);
    ca = await authority.text();
    tls = {
      ...(await authority.issue({ subject: "/CN=localhost", names: "IP:127.0.0.1" })),
      clientCas: [],
      clientAuth: "request-client-cert",
      minimumVersion: "TLSv1.2",
      cipherSuites: [],
    };
  });
  after(() => removeTemporaryDirectory(directory));

  /** A record of a greeting that is much longer than what comes of it. */
  const GREETING = Buffer.from([0x16, 3, 1, 1, 0, 1, 0, 0, 0xfc, 3, 3]);

  for (const [name, bytes] of Object.entries({
    nothing: "",
    "a byte": GREETING.subarray(0, 1),
    half: GREETING,
  }))
    test(`a handshake of which ${name} comes is given up on`, async () => {
      await using running = await runServer(SHORT, { tls });
      const raw = new RawConnection(running.port);
      await raw.send(bytes);
      assert.equal(await raw.rest(), "");
    });

  test("a handshake that dribbles is given up on", async () => {
    await using running = await runServer(SHORT, { tls });
    const raw = new RawConnection(running.port);
    await raw.send(GREETING);
    assert.equal(await dribble(raw, () => "a"), "");
  });

  for (const alpn of ["h2", "http/1.1"])
    test(`a client that says nothing after its handshake with ${alpn} is given up on`, async () => {
      await using running = await runServer(SHORT, { tls });
      const options = { host: "127.0.0.1", port: running.port, ca, ALPNProtocols: [alpn] };
      await new RawConnection(connectTls(options)).rest();
    });
});

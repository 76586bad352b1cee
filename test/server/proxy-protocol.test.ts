// The PROXY protocol: whose connection a trusted proxy passes on, under every
// protocol of the port, and what is refused.
import assert from "node:assert/strict";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, suite, test } from "node:test";
import { connect as connectTls } from "node:tls";
import type { TlsConfig } from "../../src/config/config.ts";
import type { ServiceOptions } from "../../src/server.ts";
import { Authority } from "../support/certificates.ts";
import { lacking } from "../support/required-tools.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { assertRawError, FACTS, RawConnection, runServer } from "./running-server.ts";

const PROXIED: Partial<ServiceOptions> = { proxyProtocol: true, trustedProxies: ["127.0.0.1", "10.0.0.0/8"] };
const REQUEST = `GET ${FACTS} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n`;

const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n");

function v2(command: number, family: number, rest: Buffer | string): Buffer {
  const bytes = typeof rest === "string" ? Buffer.from(rest, "hex") : rest;
  const head = Buffer.from([command, family, bytes.length >> 8, bytes.length & 255]);
  return Buffer.concat([SIGNATURE, head, bytes]);
}

const IPV4 = "c0000207c6336401126701bb"; // 192.0.2.7:4711 to 198.51.100.1:443
const IPV6 = `20010db8${"0".repeat(22)}07${"20010db8".padEnd(32, "0")}126701bb`;
const TLV = "0400030a0b0c";

/** What comes before the request, and whose it is then. */
const HEADERS: Readonly<Record<string, readonly [header: string | Buffer, client: RegExp]>> = {
  "version 1, IPv4": ["PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n", /^192\.0\.2\.7:4711$/],
  "version 1, IPv6": ["PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n", /^\[2001:db8::7\]:4711$/],
  "version 1, unknown": ["PROXY UNKNOWN\r\n", /^127\.0\.0\.1:\d+$/],
  "version 1, unknown and more": ["PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", /^127\.0\.0\.1:\d+$/],
  "version 2, IPv4": [v2(0x21, 0x11, IPV4), /^192\.0\.2\.7:4711$/],
  "version 2, IPv4 and more": [v2(0x21, 0x11, IPV4 + TLV), /^192\.0\.2\.7:4711$/],
  "version 2, IPv6": [v2(0x21, 0x21, IPV6), /^\[2001:db8::7\]:4711$/],
  "version 2, unspecified": [v2(0x21, 0x00, TLV), /^127\.0\.0\.1:\d+$/],
  "version 2, a Unix socket": [v2(0x21, 0x31, Buffer.alloc(216)), /^127\.0\.0\.1:\d+$/],
  // The proxy itself: what it forwards is believed.
  "version 2, the proxy itself": [v2(0x20, 0x00, ""), /^203\.0\.113\.9$/],
  "version 1, another trusted proxy": ["PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", /^203\.0\.113\.9$/],
};

function addressIn(answer: string): string {
  return JSON.parse(answer.split("\r\n\r\n")[1] ?? "").address;
}

for (const [name, [header, client]] of Object.entries(HEADERS)) {
  test(`${name}: in one piece`, async () => {
    await using running = await runServer({}, PROXIED);
    const raw = new RawConnection(running.port);
    await raw.send(Buffer.concat([Buffer.from(header), Buffer.from(REQUEST)]));
    assert.match(addressIn(await raw.rest()), client);
  });

  test(`${name}: byte by byte`, async () => {
    await using running = await runServer({}, PROXIED);
    const raw = new RawConnection(running.port);
    for (const byte of Buffer.concat([Buffer.from(header), Buffer.from(REQUEST)])) {
      await raw.send(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    assert.match(addressIn(await raw.rest()), client);
  });
}

/** What a trusted proxy may not begin with. */
const REFUSED: Readonly<Record<string, string | Buffer>> = {
  "no header": REQUEST,
  "an unknown family": "PROXY UDP4 192.0.2.7 198.51.100.1 4711 443\r\n",
  "the wrong family": "PROXY TCP4 2001:db8::7 2001:db8::1 4711 443\r\n",
  "an address that is none": "PROXY TCP4 192.0.2.700 198.51.100.1 4711 443\r\n",
  "a port that is none": "PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n",
  "two spaces": "PROXY TCP4  192.0.2.7 198.51.100.1 4711 443\r\n",
  "a bare line feed": "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\n",
  "a line without end": `PROXY UNKNOWN ${"x".repeat(100)}`,
  "another version": v2(0x11, 0x11, IPV4),
  "another command": v2(0x22, 0x11, IPV4),
  "addresses cut short": v2(0x21, 0x11, IPV4.slice(2)),
  "addresses of IPv6 cut short": v2(0x21, 0x21, IPV6.slice(2)),
  "a length beyond all bounds": v2(0x21, 0x11, Buffer.alloc(5000)),
};

for (const [name, bytes] of Object.entries(REFUSED)) {
  test(`${name}: refused with 400`, async () => {
    await using running = await runServer({}, PROXIED);
    const raw = new RawConnection(running.port);
    await raw.send(bytes);
    assertRawError(await raw.rest(), 400, "REQUEST_INVALID");
  });
}

for (const [name, [header]] of Object.entries(HEADERS)) {
  test(`${name}: refused from a stranger, and where it is switched off`, async () => {
    for (const options of [
      { ...PROXIED, trustedProxies: ["10.0.0.0/8"] },
      { ...PROXIED, proxyProtocol: false },
    ]) {
      await using running = await runServer({}, options);
      const raw = new RawConnection(running.port);
      await raw.send(Buffer.concat([Buffer.from(header), Buffer.from(REQUEST)]));
      assertRawError(await raw.rest(), 400, "REQUEST_INVALID");
    }
  });
}

test("a header that does not come is given up on", async () => {
  await using running = await runServer({ headerTimeoutMs: 100 }, PROXIED);
  const raw = new RawConnection(running.port);
  await raw.send("PROXY TCP4 ");
  assertRawError(await raw.rest(), 408, "REQUEST_TIMEOUT");
});

test("HTTP/2 comes after it", async () => {
  await using running = await runServer({}, PROXIED);
  const socket = connect({ host: "127.0.0.1", port: running.port });
  socket.write(v2(0x21, 0x11, IPV4 + TLV));
  const session = connectHttp2(running.url, { createConnection: () => socket });
  assert.equal(JSON.parse(await text(session.request({ ":path": FACTS }))).address, "192.0.2.7:4711");
  session.close();
});

test("the limit for one address counts those whom the proxy brings", async () => {
  await using running = await runServer({ maxConnectionsPerAddress: 1 }, PROXIED);
  const open = async (ip: string) => {
    const raw = new RawConnection(running.port);
    await raw.send(`PROXY TCP6 ${ip} ::1 1 2\r\nGET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n`);
    return raw;
  };
  const first = await open("2001:db8::1");
  await first.until("200 OK");
  assert.equal(await (await open("2001:db8::2")).rest(), "", "it is of the same network");
  await (await open("2001:db8:0:1::1")).until("200 OK");
  assert.equal(running.reports.length, 1);
});

suite("with TLS", { skip: lacking("openssl") }, () => {
  let directory: string;
  let ca: string;
  let tls: TlsConfig;

  before(async () => {
    directory = await makeTemporaryDirectory();
    const authority = await Authority.make(directory);
    ca = await authority.text();
    const files = await authority.issue({ subject: "/CN=localhost", names: "IP:127.0.0.1" });
    tls = {
      ...files,
      clientCas: [],
      clientAuth: "request-client-cert",
      minimumVersion: "TLSv1.2",
      cipherSuites: [],
    };
  });
  after(() => removeTemporaryDirectory(directory));

  for (const [name, [header, client]] of Object.entries(HEADERS))
    test(`${name}: the handshake comes after it`, async () => {
      await using running = await runServer({}, { ...PROXIED, tls });
      const socket = connect({ host: "127.0.0.1", port: running.port });
      socket.write(header);
      const raw = new RawConnection(connectTls({ socket, ca, host: "127.0.0.1" }));
      await raw.send(REQUEST);
      assert.match(addressIn(await raw.rest()), client);
    });
});

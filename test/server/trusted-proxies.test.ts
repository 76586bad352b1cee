// Who a client is behind proxies: believed from those that are trusted, hop by hop,
// and from nobody else.
import assert from "node:assert/strict";
import { connect as connectHttp2 } from "node:http2";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { TrustedProxies } from "../../src/server/trusted-proxies.ts";
import { FACTS, RawConnection, type RunningServer, runServer } from "./running-server.ts";

const TRUSTED = ["127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48"];

type Headers = Readonly<Record<string, string>>;

async function factsOf(running: RunningServer, headers: Headers) {
  const raw = new RawConnection(running.port);
  const all = Object.entries({ Host: "own.example.com", Connection: "close", ...headers });
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  await raw.send(`GET ${FACTS} HTTP/1.1\r\n${lines}\r\n`);
  const facts = JSON.parse((await raw.rest()).split("\r\n\r\n")[1] ?? "");
  return [facts.address?.replace(/^127\.0\.0\.1:\d+$/, "peer"), facts.baseUrl];
}

const OWN = "http://own.example.com";

/** What a trusted proxy passes on, and what is made of it. */
const CASES: readonly (readonly [name: string, headers: Headers, address: string, baseUrl?: string])[] = [
  ["nothing", {}, "peer"],
  ["a client", { Forwarded: "for=192.0.2.7" }, "192.0.2.7"],
  ["a client with a port", { Forwarded: 'for="192.0.2.7:4711"' }, "192.0.2.7:4711"],
  ["a client of IPv6", { Forwarded: 'For="[2001:DB8:0::7]:4711"' }, "[2001:db8::7]:4711"],
  ["IPv4 inside of IPv6", { Forwarded: 'for="[::ffff:192.0.2.7]"' }, "192.0.2.7"],
  ["an obfuscated port", { Forwarded: 'for="192.0.2.7:_p"' }, "192.0.2.7"],
  [
    "host and scheme",
    { Forwarded: 'for=192.0.2.7;host="r.example.com:8443";proto=HTTPS;by=10.0.0.1' },
    "192.0.2.7",
    "https://r.example.com:8443",
  ],
  ["spaces", { Forwarded: " for=192.0.2.7 ; proto=https" }, "192.0.2.7", "https://own.example.com"],
  ["what the client itself claims", { Forwarded: "for=203.0.113.9;host=evil, for=192.0.2.7" }, "192.0.2.7"],
  [
    "two trusted hops",
    { Forwarded: "for=9.9.9.9, for=192.0.2.7;proto=https, for=10.1.2.3;proto=http" },
    "192.0.2.7",
    "https://own.example.com",
  ],
  ["trusted hops only", { Forwarded: "for=10.0.0.2, for=10.0.0.1" }, "10.0.0.2"],
  ["a trusted hop of IPv6", { Forwarded: 'for=192.0.2.7, for="[2001:db8:1:2::3]"' }, "192.0.2.7"],
  ["an obfuscated client", { Forwarded: "for=_hidden;proto=https" }, "peer", "https://own.example.com"],
  ["an unknown client behind a trusted hop", { Forwarded: "for=unknown, for=10.0.0.1" }, "10.0.0.1"],
  ["a host that is none", { Forwarded: 'for=192.0.2.7;host="a/b"' }, "peer"],
  ["a client that is none", { Forwarded: "for=1.2.3.400" }, "peer"],
  ["a client twice", { Forwarded: "for=192.0.2.7;for=192.0.2.8" }, "peer"],
  ["no grammar", { Forwarded: "for=192.0.2.7;;proto" }, "peer"],
  [
    "an open string of the client's",
    { Forwarded: 'for="x, for=192.0.2.7;proto=https' },
    "192.0.2.7",
    "https://own.example.com",
  ],
  ["a comma in a string", { Forwarded: 'for=192.0.2.7;by="_a,b\\"c", for=10.0.0.1' }, "192.0.2.7"],
  [
    "a break behind a trusted hop",
    { Forwarded: "nonsense, for=10.0.0.1;proto=https" },
    "10.0.0.1",
    "https://own.example.com",
  ],
  [
    "the older headers beside it, of the same client",
    { Forwarded: "for=192.0.2.7", "X-Forwarded-For": "9.9.9.9, 192.0.2.7", "X-Forwarded-Proto": "https" },
    "192.0.2.7",
  ],
  [
    "the older headers beside it, of another client: one of them is forged",
    { Forwarded: "for=192.0.2.7;host=r", "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https" },
    "peer",
  ],
  ["X: a client", { "X-Forwarded-For": "192.0.2.7" }, "192.0.2.7"],
  ["X: a client of IPv6", { "X-Forwarded-For": "2001:db8::7" }, "[2001:db8::7]"],
  ["X: a client of IPv6 with a port", { "X-Forwarded-For": "[2001:db8::7]:80" }, "[2001:db8::7]:80"],
  ["X: what the client claims", { "X-Forwarded-For": "203.0.113.9, 192.0.2.7, 10.0.0.1" }, "192.0.2.7"],
  ["X: nonsense behind a trusted hop", { "X-Forwarded-For": "evil, 10.0.0.1" }, "10.0.0.1"],
  ["X: nonsense", { "X-Forwarded-For": "192.0.2.7, evil" }, "peer"],
  [
    "X: all of it",
    {
      "X-Forwarded-For": "192.0.2.7",
      "X-Forwarded-Proto": "https",
      "X-Forwarded-Host": "r.example.com",
      "X-Forwarded-Port": "8443",
    },
    "192.0.2.7",
    "https://r.example.com:8443",
  ],
  [
    "X: the usual port",
    { "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443" },
    "192.0.2.7",
    "https://own.example.com",
  ],
  [
    "X: a port that the host says too",
    { "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Host": "r:81", "X-Forwarded-Port": "82" },
    "192.0.2.7",
    "http://r:81",
  ],
  [
    "X: what two hops say",
    { "X-Forwarded-For": "192.0.2.7, 10.0.0.1", "X-Forwarded-Proto": "https, http" },
    "192.0.2.7",
    "https://own.example.com",
  ],
  [
    "X: a scheme the client claims",
    { "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https, http" },
    "192.0.2.7",
  ],
  ["X: a host that is none", { "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Host": "a b" }, "192.0.2.7"],
  [
    "X: a scheme that is none",
    { "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "javascript" },
    "192.0.2.7",
  ],
  ["X: a scheme alone", { "X-Forwarded-Proto": "https" }, "peer", "https://own.example.com"],
];

for (const [name, headers, address, baseUrl = OWN] of CASES) {
  test(`from a trusted proxy: ${name}`, async () => {
    await using running = await runServer({}, { trustedProxies: TRUSTED });
    assert.deepEqual(await factsOf(running, headers), [address, baseUrl]);
  });

  test(`from a stranger nothing is believed: ${name}`, async () => {
    await using running = await runServer({}, { trustedProxies: ["10.0.0.0/8"] });
    assert.deepEqual(await factsOf(running, headers), ["peer", OWN]);
  });
}

test("a trusted proxy is believed over HTTP/2, and who comes over IPv4 to IPv6 is the same", async () => {
  await using running = await runServer({}, { trustedProxies: TRUSTED }, { host: "::", port: 0 });
  const session = connectHttp2(`http://127.0.0.1:${running.port}`);
  const stream = session.request({ ":path": FACTS, forwarded: "for=192.0.2.7;proto=https;host=r" });
  const { ip, baseUrl } = JSON.parse(await text(stream));
  assert.deepEqual([ip, baseUrl], ["192.0.2.7", "https://r"]);
  session.close();
});

test("the public URL and the prefix win over what anybody says", async () => {
  const options = { trustedProxies: TRUSTED, publicUrl: "https://public.example.com", prefix: "/r" };
  await using running = await runServer({}, options);
  const raw = new RawConnection(running.port);
  await raw.send(`GET /r${FACTS} HTTP/1.1\r\nHost: a/b\r\nX-Forwarded-Host: c\r\nConnection: close\r\n\r\n`);
  assert.match(await raw.rest(), /"baseUrl":"https:\/\/public\.example\.com\/r"/);
});

for (const host of [
  "a/b",
  "a b",
  "a@b",
  "a?b",
  "[::1",
  "[1.2.3.4]",
  "a:0",
  "a:99999",
  "1.2.3",
  "a..b",
  "-a",
  "",
])
  test(`the host "${host}" makes no URL`, async () => {
    await using running = await runServer();
    const [, baseUrl] = await factsOf(running, { Host: host });
    assert.equal(baseUrl, undefined);
  });

for (const host of ["a", "registry:5000", "1.2.3.4:80", "[::1]:5000", "my_service.local", "a.example.com."])
  test(`the host "${host}" makes a URL`, async () => {
    await using running = await runServer();
    assert.equal((await factsOf(running, { Host: host }))[1], `http://${host}`);
  });

test("blocks are of either family, and IPv4 may be written inside of IPv6", () => {
  const proxies = new TrustedProxies(["::ffff:192.0.2.0/120", "fd00::/8", "198.51.100.1"]);
  for (const ip of ["192.0.2.255", "fd12::1", "198.51.100.1"]) assert.ok(proxies.has(ip), ip);
  for (const ip of ["192.0.3.0", "fe00::1", "198.51.100.2", "::"]) assert.ok(!proxies.has(ip), ip);
  assert.throws(
    () => new TrustedProxies(["10.0.0.0/33"]),
    /"10\.0\.0\.0\/33" has an impossible prefix length/,
  );
  assert.throws(
    () => new TrustedProxies(["example.com"]),
    /"example\.com" is neither an address nor a CIDR block/,
  );
});

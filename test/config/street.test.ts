// Names, prefixes, sockets, proxies and limits of the http section.
import assert from "node:assert/strict";
import { test } from "node:test";
import { complaints, file, read } from "./reading.ts";

const http = (members: string) => file(`http: { ${members} }`);

test("proxies and limits reach the configuration", () => {
  const yaml = http(
    "trustedproxies: [10.0.0.0/8, 127.0.0.1, '::1', 'fd00::/8', unix], proxyprotocol: true, " +
      "limits: { connectionsperaddress: 0, headers: 4096, uploads: 7, rate: { principal: 50, address: 5, burst: 3 } }",
  );
  const { trustedProxies, proxyProtocol, maxConnectionsPerAddress, maxHeaderSize, maxUploads, rates } = read({
    yaml,
  }).config.http;
  assert.deepEqual(trustedProxies, ["10.0.0.0/8", "127.0.0.1", "::1", "fd00::/8", "unix"]);
  assert.equal(proxyProtocol, true);
  assert.deepEqual([maxConnectionsPerAddress, maxHeaderSize, maxUploads], [0, 4096, 7]);
  assert.deepEqual(rates, { principal: 50, address: 5, burst: 3 });
});

const HOSTS: readonly (readonly [string, string])[] = [
  ["https://registry.example.com", "https://registry.example.com"],
  ["https://Registry.example.com:443/", "https://registry.example.com"],
  ["http://localhost:5000", "http://localhost:5000"],
  ["https://[2001:db8::1]:5000", "https://[2001:db8::1]:5000"],
];
for (const [written, url] of HOSTS) {
  test(`http.host "${written}" is ${url}`, () => {
    assert.equal(read({ yaml: http(`host: "${written}"`) }).config.http.publicUrl, url);
  });
}

const PREFIXES: readonly (readonly [string, string])[] = [
  ["/registry/", "/registry"],
  ["/my/nested.registry/", "/my/nested.registry"],
  ["/", ""],
  ["", ""],
];
for (const [written, prefix] of PREFIXES) {
  test(`http.prefix "${written}" is "${prefix}"`, () => {
    assert.equal(read({ yaml: http(`prefix: "${written}"`) }).config.http.prefix, prefix);
  });
}

// Each is wrong; the one complaint must match.
const WRONG: readonly (readonly [string, RegExp])[] = [
  ["host: registry.example.com", /http\.host expected a URL .*; write "https:\/\/registry\.example\.com"/],
  ["host: 'ftp://registry.example.com'", /http\.host expected a URL that begins with/],
  [
    "host: 'https://r.example/a/b'",
    /has a path; write "https:\/\/r\.example", and put the path into http\.prefix: "\/a\/b\/"/,
  ],
  ["host: 'https://r.example/?x'", /remove what is behind "\?"/],
  ["prefix: /registry", /http\.prefix expected a path .*found "\/registry"; write "\/registry\/"/],
  ["prefix: registry", /write "\/registry\/"/],
  ["prefix: //", /http\.prefix expected a path that begins and ends with "\/", found "\/\/"/],
  ["prefix: /a/../b/", /http\.prefix expected a path/],
  ["prefix: /a b/", /http\.prefix expected a path/],
  ["prefix: /a%2fb/", /http\.prefix expected a path/],
  ["net: unix", /http\.net with http\.net: unix it must be the path of a socket.*it is "127\.0\.0\.1:5000"/],
  ["net: unix, addr: 'localhost:5000'", /http\.addr with http\.net: unix it must be the path/],
  [
    "addr: /run/stowage.sock",
    /http\.addr "\/run\/stowage\.sock" is the path of a Unix socket; it needs http\.net: unix/,
  ],
  ["net: unix, addr: /run/", /http\.addr expected HOST:PORT.*or the path of a Unix socket/],
  [`net: unix, addr: /${"a".repeat(107)}`, /http\.addr expected/],
  ["net: udp", /http\.net expected tcp or unix, found "udp"/],
  ["trustedproxies: [0.0.0.0/0]", /trustedproxies\.0 "0\.0\.0\.0\/0" is everybody, so that strangers/],
  ["trustedproxies: ['::/0']", /"::\/0" is everybody/],
  [
    "trustedproxies: [10.0.0.1, 10.0.0.0/33]",
    /trustedproxies\.1 "10\.0\.0\.0\/33" is no IP address and no block/,
  ],
  ["trustedproxies: [10.0.0]", /is no IP address/],
  ["trustedproxies: [10.0.0.0/8/8]", /is no IP address/],
  ["trustedproxies: [10.0.0.0/]", /is no IP address/],
  ["trustedproxies: [proxy.example.com]", /is no IP address/],
  ["trustedproxies: ['::ffff:10.0.0.1']", /is an IPv4 address in IPv6 form/],
  ["trustedproxies: ['fe80::1%eth0']", /has a zone/],
  ["trustedproxies: 10.0.0.1", /http\.trustedproxies expected a list/],
  ["proxyprotocol: true", /http\.proxyprotocol it is believed only from proxies that are trusted/],
  [
    "limits: { headers: 4095 }",
    /http\.limits\.headers expected a whole number from 4096 to 1048576, found 4095/,
  ],
  ["limits: { headers: 1048577 }", /found 1048577/],
  ["limits: { uploads: -1 }", /http\.limits\.uploads expected a whole number; 0 sets no limit, found -1/],
  ["limits: { rate: { principal: 0.5 } }", /http\.limits\.rate\.principal expected a whole number/],
  ["limits: { rate: { burst: 0 } }", /http\.limits\.rate\.burst expected a whole number from 1 to 3600/],
  ["limits: { rates: { principal: 1 } }", /did you mean http\.limits\.rate/],
];
for (const [members, message] of WRONG) {
  test(`http: { ${members.slice(0, 60)} } is refused`, () => {
    const found = complaints({ yaml: http(members) });
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", message);
  });
}

test("a password in http.host is refused and not repeated", () => {
  for (const url of ["https://u:hush@r", "u:hush@r", "https://u:hush@r/path"]) {
    const found = complaints({ yaml: http(`host: "${url}"`) });
    assert.equal(found.length, 1);
    assert.match(found[0] ?? "", /http\.host/);
    assert.doesNotMatch(found.join(), /hush/);
  }
});

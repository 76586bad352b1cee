// The debug listener and the health checks, as the configuration writes them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { complaints, file, read } from "./reading.ts";

const ADDRESSES: readonly (readonly [string, string, number])[] = [
  ["5001", "127.0.0.1", 5001],
  ['":5001"', "127.0.0.1", 5001],
  ["0.0.0.0:5001", "0.0.0.0", 5001],
  ['"[::1]:5001"', "::1", 5001],
  ["debug.internal:5001", "debug.internal", 5001],
];

test("a port alone is one of this machine alone", () => {
  for (const [text, host, port] of ADDRESSES) {
    const { config } = read({ yaml: file(`http: { debug: { addr: ${text} } }`) });
    assert.deepEqual(config.debug.address, { host, port }, text);
  }
  assert.equal(read({ environment: { REGISTRY_HTTP_DEBUG_ADDR: "" } }).config.debug.address, undefined);
  assert.match(
    complaints({ yaml: file("http: { debug: { addr: 99999 } }") }).join(),
    /http\.debug\.addr.*PORT/,
  );
});

const COLLIDING: readonly (readonly [string, string])[] = [
  ["127.0.0.1:5000", ":5000"],
  ["127.0.0.1:5000", "localhost:5000"],
  [":5000", "5000"],
  [":5000", "[::1]:5000"],
  ["0.0.0.0:5000", "debug.internal:5000"],
  ["[::]:5000", "127.0.0.1:5000"],
  ["127.0.0.1:5000", "0.0.0.0:5000"],
];

const APART: readonly (readonly [string, string])[] = [
  ["127.0.0.1:5000", ":5001"],
  ["127.0.0.1:0", "127.0.0.1:0"],
  ["192.168.0.1:5000", ":5000"],
  ["0.0.0.0:5000", "[::1]:5000"],
];

const listening = ([addr, debug]: readonly [string, string]) =>
  file("auth: none", `http: { addr: "${addr}", debug: { addr: "${debug}" } }`);

test("two listeners do not want the same port", () => {
  for (const pair of COLLIDING) {
    const [complaint = "", ...others] = complaints({ yaml: listening(pair) });
    assert.match(complaint, /http\.debug\.addr .* is where http\.addr listens already/, pair.join());
    assert.deepEqual(others, []);
  }
  for (const pair of APART) assert.deepEqual(complaints({ yaml: listening(pair) }), [], pair.join());
});

test("what is said about a check of the data that is off has no effect", () => {
  const idle = (members: string) =>
    read({ yaml: file(`health: { storagedriver: { ${members} } }`) }).withoutEffect;
  assert.deepEqual(idle("enabled: false, interval: 5s, minfree: 1GiB"), [
    "health.storagedriver.interval",
    "health.storagedriver.minfree",
  ]);
  assert.deepEqual(idle("interval: 5s"), []);
});

const CHECKS = file(
  "http: { draindelay: 15s, debug: { addr: 5001, profiles: off } }",
  "health:",
  "  storagedriver: { enabled: true, interval: 30s, threshold: 3, minfree: 2GiB }",
  "  file: [{ file: /run/maintenance, interval: 1s, threshold: 0 }]",
  "  http:",
  "    - uri: https://me:s3cret@example.com/path?key=s3cret",
  "      headers: { X-Key: s3cret }",
  "      statuscode: 204",
  "      timeout: 1s",
  "  tcp: [{ addr: 'redis:6379', timeout: 3s, interval: 5s, threshold: 2 }]",
);

test("every kind of check reaches the configuration", () => {
  const { config } = read({ yaml: CHECKS });
  assert.equal(config.http.drainDelayMs, 15_000);
  assert.equal(config.debug.profiles, "off");
  assert.deepEqual(config.health, {
    storage: { intervalMs: 30_000, threshold: 3, minFreeBytes: 2 ** 31 },
    files: [{ file: "/run/maintenance", intervalMs: 1000, threshold: 1 }],
    http: [
      {
        url: "https://example.com/path?key=s3cret",
        headers: { authorization: ["Basic bWU6czNjcmV0"], "X-Key": ["s3cret"] },
        status: 204,
        timeoutMs: 1000,
        intervalMs: 10_000,
        threshold: 1,
      },
    ],
    tcp: [{ host: "redis", port: 6379, timeoutMs: 3000, intervalMs: 5000, threshold: 2 }],
  });
  const off = read({ yaml: file("health: { storagedriver: { enabled: false } }") });
  assert.equal(off.config.health.storage, undefined);
});

test("what is in effect shows the checks without their secrets", () => {
  const shown = JSON.stringify(read({ yaml: CHECKS }).effective);
  assert.match(shown, /example\.com\/path/);
  assert.match(shown, /X-Key/);
  assert.doesNotMatch(shown, /s3cret/);
});

const WRONG: readonly (readonly [string, RegExp])[] = [
  ["health: { file: [{}] }", /health\.file\.0\.file.*it is missing; which file is looked for\?/],
  ["health: { file: [{ file: /a }, { file: /a }] }", /each needs its own/],
  ["health: { http: [{ uri: ftp://s3cret@x }] }", /health\.http\.0\.uri.*an http or https URL/],
  ["health: { http: [{ uri: 'http://x', headers: { 'a b': s3cret } }] }", /health\.http\.0\.headers/],
  ["health: { tcp: [{ addr: ':80' }] }", /health\.tcp\.0\.addr.*HOST:PORT/],
  ["health: { tcp: [{ addr: 'a:1', interval: 0 }] }", /health\.tcp\.0\.interval/],
  ["health: { storagedriver: { minfree: lots } }", /health\.storagedriver\.minfree/],
  ["health: { disk: {} }", /health\.disk/],
  ["http: { draindelay: 2h }", /http\.draindelay.*at most 1h/],
  ["http: { debug: { profiles: nobody } }", /http\.debug\.profiles.*local, everyone or off/],
];

test("what is wrong is told with its place, and without what may be secret", () => {
  for (const [line, expected] of WRONG) {
    const told = complaints({ yaml: file(line) }).join("\n");
    assert.match(told, expected);
    assert.doesNotMatch(told, /s3cret/);
  }
});

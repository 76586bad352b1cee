import assert from "node:assert/strict";
import { test } from "node:test";
import { formatListenAddress, isLoopback, parseListenAddress } from "../../src/config/listen-address.ts";
import { complaints, file, problemsOf } from "./reading.ts";

const OPEN = [
  ":5000",
  "0.0.0.0:5000",
  "[::]:5000",
  "192.168.0.1:5000",
  "registry.example:5000",
  "[fe80::1]:5000",
];
const CLOSED = [
  "127.0.0.1:5000",
  "127.9.9.9:5000",
  "localhost:5000",
  "[::1]:5000",
  "[::ffff:127.0.0.1]:5000",
];

for (const address of OPEN) {
  test(`${address} is refused unless it is said that nobody is asked for a password`, () => {
    const yaml = file("http:", `  addr: "${address}"`);
    const [problem, ...others] = problemsOf({ yaml });
    assert.deepEqual(others, []);
    assert.equal(problem?.where, "config.yml:3:3");
    assert.match(problem.message, /listen on a loopback address \(127\.0\.0\.1:5000\)/);
    assert.match(problem.message, /"auth: none: \{\}" \(REGISTRY_AUTH=none\)/);
    assert.deepEqual(problemsOf({ yaml: `${yaml}auth: { none: {} }\n` }), []);
    assert.deepEqual(problemsOf({ yaml: `${yaml}auth: { none: }\n` }), []);
    assert.deepEqual(problemsOf({ yaml: `${yaml}auth: none\n` }), []);
    assert.deepEqual(problemsOf({ yaml, environment: { REGISTRY_AUTH: "none" } }), []);
    assert.deepEqual(problemsOf({ yaml, environment: { REGISTRY_AUTH_NONE: "{}" } }), []);
  });
}

test("an empty auth section says nothing", () => {
  assert.equal(problemsOf({ yaml: file("auth:", "http: { addr: ':5000' }") }).length, 1);
  assert.equal(problemsOf({ yaml: file("auth: {}", "http: { addr: ':5000' }") }).length, 1);
});

test("the variable that opens the door is named", () => {
  const found = complaints({ environment: { REGISTRY_HTTP_ADDR: ":5000" } });
  assert.equal(found.length, 1);
  assert.match(found[0] ?? "", /^REGISTRY_HTTP_ADDR http\.addr ":5000" can be reached from other machines/);
});

for (const address of CLOSED) {
  test(`${address} needs no word about authentication`, () => {
    assert.deepEqual(problemsOf({ yaml: file(`http: { addr: "${address}" }`) }), []);
  });
}

test("addresses are read and written in the same form", () => {
  for (const text of [...OPEN, ...CLOSED, "localhost:0"]) {
    const address = parseListenAddress(text);
    assert.ok(address);
    assert.equal(formatListenAddress(address), text);
    assert.equal(isLoopback(address), CLOSED.includes(text) || text === "localhost:0", text);
  }
});

for (const text of [
  "",
  "5000",
  "host",
  "::1:5000",
  "[::1]",
  "[nonsense]:1",
  "a b:1",
  "h:65536",
  "h:-1",
  "/run/sock",
  "127.1:5",
  "h:1/",
]) {
  test(`"${text}" is no address`, () => assert.equal(parseListenAddress(text), undefined));
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatListenAddress, isLocal, parseListenAddress } from "../../src/config/listen-address.ts";
import { complaints, file, problemsOf, read } from "./reading.ts";

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
    assert.match(problem.message, /auth\.htpasswd\.path.*auth\.users\.path/);
    assert.match(problem.message, /"auth: none" \(REGISTRY_AUTH=none\)/);
    assert.deepEqual(problemsOf({ yaml: `${yaml}auth: { none: {} }\n` }), []);
    assert.deepEqual(problemsOf({ yaml: `${yaml}auth: { none: }\n` }), []);
    assert.deepEqual(problemsOf({ yaml: `${yaml}auth: none\n` }), []);
    assert.deepEqual(problemsOf({ yaml, environment: { REGISTRY_AUTH: "none" } }), []);
    assert.deepEqual(problemsOf({ yaml, environment: { REGISTRY_AUTH_NONE: "{}" } }), []);
  });
}

const SOMEBODY = [
  "htpasswd: { path: p }",
  "users: { path: p }",
  "token: { realm: 'https://t', service: s, issuer: i, jwks: j }",
  "policy: [{ who: anyone, allow: pull }]",
];
for (const auth of SOMEBODY) {
  test(`every address is open to those whom "${auth}" lets in`, () => {
    const { mode } = read({ yaml: file("http: { addr: ':5000' }", `auth: { ${auth} }`) }).config.auth;
    assert.equal(mode, "guarded");
  });
}

for (const line of ["auth:", "auth: {}", "auth: ~"]) {
  for (const address of [":5000", "127.0.0.1:5000"]) {
    test(`an auth section that says nothing ("${line}") does not open ${address}`, () => {
      const found = complaints({ yaml: file(`http: { addr: "${address}" }`, line) });
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", /^config\.yml:3:1 auth it is there, but says nothing.*"auth: none"/);
    });
  }
}

test("silly is refused where other machines can connect, and warned of elsewhere", () => {
  for (const address of OPEN) {
    const found = complaints({ yaml: file(`http: { addr: "${address}" }`, "auth: silly") });
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(
      found[0] ?? "",
      /auth\.silly .*can be reached from other machines, and auth\.silly lets in whoever/,
    );
  }
  for (const line of ["auth: silly", "auth: { silly: }", "auth: { silly: { realm: r, service: s } }"]) {
    const { config, warnings } = read({ yaml: file(line) });
    assert.equal(config.auth.mode, "silly");
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /auth\.silly.*for tests only/);
  }
});

test("a Unix socket needs no word about authentication", () => {
  const { config } = read({ yaml: file("http: { net: unix, addr: ./stowage.sock }") });
  assert.deepEqual(config.http.address, { path: "./stowage.sock" });
  assert.equal(config.auth.mode, "open");
  assert.equal(isLocal(config.http.address), true);
  assert.equal(formatListenAddress(config.http.address), "./stowage.sock");
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
    assert.equal(isLocal(address), CLOSED.includes(text) || text === "localhost:0", text);
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

// What a second reading has changed, and that the effective configuration is one that
// can be read again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { changesBetween } from "../../src/config/changes.ts";
import { formatYaml } from "../../src/config/yaml-file.ts";
import { file, read } from "./reading.ts";

const changes = (before: string, after: string) =>
  changesBetween(read({ yaml: before }).marks, read({ yaml: after }).marks);

const POLICY = "  policy: [{ who: anyone, allow: pull }]";

const guarded = (policy: string, ...more: readonly string[]) =>
  file("auth:", "  users: { path: p }", policy, ...more);

test("the same in other words is no change", () => {
  const before = guarded(POLICY, "http: { draintimeout: 60s, headers: { A: [x], B: y } }");
  const after = guarded(
    "  policy: [{ who: [anyone], repositories: ['**'], allow: [pull] }]",
    "http: { draintimeout: 1m, headers: { B: [y], A: x }, prefix: / }",
  );
  assert.deepEqual(changes(before, after), { policy: false, afterRestart: [] });
});

test("another policy can act at once; other keys are named in the order of the documentation", () => {
  const after = guarded(
    "  policy: [{ who: anyone, allow: push }]",
    "tags: { maxtags: 5 }",
    "http: { limits: { uploads: 1 }, prefix: /x/ }",
  );
  assert.deepEqual(changes(guarded(POLICY), after), {
    policy: true,
    afterRestart: ["tags.maxtags", "http.prefix", "http.limits.uploads"],
  });
});

test("a policy that appears or goes waits for a restart", () => {
  const waiting = { policy: false, afterRestart: ["auth.policy"] };
  assert.deepEqual(changes(guarded(""), guarded(POLICY)), waiting);
  assert.deepEqual(changes(guarded(POLICY), guarded("")), waiting);
});

test("another kind of authentication is noticed, though nothing is set in it", () => {
  assert.deepEqual(changes(file("auth: none"), file("auth: silly")).afterRestart, ["auth", "auth.none"]);
  assert.deepEqual(changes(file(), file("auth: none")).afterRestart, ["auth", "auth.none"]);
});

test("a secret that changes is noticed, and neither is kept in the marks", () => {
  const endpoint = (secret: string) =>
    file(
      `notifications: { endpoints: [{ name: a, url: 'http://x', headers: { Authorization: ${secret} } }] }`,
    );
  const [before, after] = [endpoint("hush1"), endpoint("hush2")];
  assert.deepEqual(changes(before, after), { policy: false, afterRestart: ["notifications.endpoints"] });
  assert.doesNotMatch(JSON.stringify([...read({ yaml: before }).marks]), /hush/);
  const files = (key: string) => ({ "/s": `whsec_${Buffer.alloc(24, key).toString("base64")}` });
  const yaml = file(
    "notifications: { endpoints: [{ name: a, url: 'http://x', signing: { secretfiles: [/s] } }] }",
  );
  const readings = ["a", "b"].map((key) => read({ yaml, files: files(key) }).marks);
  const [first = new Map(), second = new Map()] = readings;
  assert.deepEqual(changesBetween(first, second).afterRestart, ["notifications.endpoints"]);
});

const FILES: readonly string[] = [
  file(),
  file("auth: none", "http: { addr: ':5000' }"),
  file("auth: silly"),
  file(
    "http: { net: unix, addr: /run/s.sock, host: 'https://r', prefix: /x/ }",
    "auth: { htpasswd: { path: p } }",
  ),
  guarded(
    POLICY,
    "http: { trustedproxies: [10.0.0.1], proxyprotocol: true, limits: { rate: { address: 3 } } }",
  ),
  guarded("  issuer: { enabled: false, lifetime: 1h }"),
  file(
    "http: { tls: { certificate: c, key: k, clientcas: [a], ciphersuites: [AES128-SHA] } }",
    "auth:",
    "  certificates: {}",
    "  accesstokens: { maxlifetime: 1h }",
    "  gateways: [cert:*]",
    "  oidc: [{ name: a, issuer: 'https://a', audience: b, rules: [{ claims: { sub: x }, scopes: 'repository:a:*' }] }]",
  ),
  file(
    "http: { tls: { certificate: c, key: k } }",
    "auth: { token: { autoredirect: true, service: s, issuer: i, jwks: j } }",
  ),
];
for (const yaml of FILES) {
  test(`what acts can be read again and means the same: ${yaml.slice(13, 60).trim()}`, () => {
    const { config, effective, marks } = read({ yaml });
    const again = read({ yaml: formatYaml(effective) });
    assert.deepEqual(again.config, config);
    assert.deepEqual(again.effective, effective);
    assert.deepEqual(changesBetween(marks, again.marks), { policy: false, afterRestart: [] });
  });
}

test("what is not chosen is not shown", () => {
  assert.equal(read({}).effective.auth, undefined);
  assert.deepEqual(read({ yaml: file("auth: none") }).effective.auth, { none: {} });
  assert.deepEqual(read({ yaml: file("auth: { htpasswd: { path: p } }") }).effective.auth, {
    htpasswd: { path: "p", realm: "Registry" },
    issuer: { enabled: false },
  });
});

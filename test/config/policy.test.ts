// auth.policy: words, actions and globs, and that a slip never makes a rule wider.
import assert from "node:assert/strict";
import { test } from "node:test";
import { complaints, file, read } from "./reading.ts";

const policy = (rules: string, more = "users: { path: p }") =>
  file("auth:", `  policy: ${rules}`, ...(more === "" ? [] : [`  ${more}`]));

const WORDS = [
  "anyone",
  "anonymous",
  "authenticated",
  "group:dev",
  "user:alice",
  "user:*",
  "robot:ci-?",
  "oidc:*:repo:acme/**",
];
for (const word of WORDS) {
  test(`"${word}" is a word for callers`, () => {
    const { config } = read({ yaml: policy(`[{ who: "${word}", allow: admin }]`) });
    assert.deepEqual(config.auth.policy, [
      { repositories: ["**"], who: [word], effect: "allow", actions: ["admin"] },
    ]);
  });
}

test("a word for certificates wants them to be an identity", () => {
  const rules = '[{ who: "cert:CN=build, O=Acme", allow: pull }, { who: "user:alice", allow: pull }]';
  assert.throws(
    () => read({ yaml: policy(rules) }),
    /nobody is known by a certificate without auth\.certificates/,
  );
  const street = "http: { tls: { certificate: c, key: k, clientcas: [a] } }";
  const yaml = `${policy(rules)}\n  certificates: {}\n${street}\n`;
  assert.equal(read({ yaml }).config.auth.policy?.length, 2);
});

const OTHER = "{ who: anyone, allow: pull }";

// Each is wrong; the one complaint begins with the place and must match.
const WRONG: readonly (readonly [string, string, RegExp])[] = [
  ["{ who: alice, allow: pull }", "0.who", /"alice" is no word for callers; for a user write "user:alice"/],
  ["{ who: anyon, allow: pull }", "0.who", /did you mean anyone\?/],
  ["{ who: authenticate, allow: pull }", "0.who", /did you mean authenticated\?/],
  ["{ who: everyone, allow: pull }", "0.who", /write "anyone"/],
  ["{ who: '*', allow: pull }", "0.who", /write "anyone"/],
  ["{ who: 'usr:alice', allow: pull }", "0.who", /did you mean user:\?/],
  [
    "{ who: 'user:', allow: pull }",
    "0.who",
    /lacks a name behind the colon; for all of them write "user:\*\*"/,
  ],
  ["{ who: 'oidc:github', allow: pull }", "0.who", /names no subject.*write "oidc:github:\*\*"/],
  ["{ who: 'oidc:github:', allow: pull }", "0.who", /names no subject.*write "oidc:github:\*\*"/],
  ["{ who: 'oidc:github:x', allow: pull }", "0.who", /auth\.oidc has no provider "github"/],
  ["{ who: 'user:a\\', allow: pull }", "0.who", /glob "user:a\\" ends with/],
  ["{ who: [anyone, bob], allow: pull }", "0.who.1", /write "user:bob"/],
  ["{ who: [], allow: pull }", "0.who", /expected anyone, .*found \[\]/],
  ["{ who: [{ user: alice }], allow: pull }", "0.who.0", /expected anyone, .*found \{"user":"alice"\}/],
  ["{ who: , allow: pull }", "0.who", /it is missing; each rule needs anyone, anonymous/],
  ["{ allow: pull }", "0.who", /it is missing/],
  ["{ who: anyone, allow: write }", "0.allow", /"write" is no action; write "push"/],
  ["{ who: anyone, allow: [pull, '*'] }", "0.allow.1", /write "admin", which includes all others/],
  ["{ who: anyone, allow: psh }", "0.allow", /did you mean push\?/],
  ["{ who: anyone, allow: [] }", "0.allow", /expected pull, push, delete or admin/],
  ["{ who: anyone }", "0", /allows or denies something; this one has neither; add one/],
  ["{ who: anyone, allow: }", "0", /this one has neither; add one/],
  ["{ who: anyone, allow: pull, deny: push }", "0", /this one has both; keep one/],
  ["{ who: anyone, alow: pull }", "0.alow", /unknown key; did you mean allow\?/],
  ["{ who: anyone, allow: pull, repository: a }", "0.repository", /did you mean repositories\?/],
  ["{ who: anyone, allow: pull, repositories: }", "0.repositories", /a glob, or a list of globs, found null/],
  ["{ who: anyone, allow: pull, repositories: [] }", "0.repositories", /found \[\]/],
  ["{ who: anyone, allow: pull, repositories: ['a', 'b\\'] }", "0.repositories.1", /glob "b\\" ends with/],
  ["anyone", "0", /expected a map such as/],
];
for (const [rule, place, message] of WRONG) {
  test(`the rule ${rule} is refused`, () => {
    const found = complaints({ yaml: policy(`[${rule}]`) });
    assert.equal(found.length, 1, found.join("\n"));
    const [, path, ...words] = found[0]?.split(" ") ?? [];
    assert.match(path ?? "", new RegExp(`^auth\\.policy\\.${place}$`));
    assert.match(words.join(" "), message);
  });
}

for (const rules of ["[]", "", "~"]) {
  test(`a policy without rules ("${rules}") is refused, not taken for none`, () => {
    const found = complaints({ yaml: policy(rules) });
    assert.equal(found.length, 1);
    assert.match(
      found[0] ?? "",
      /^config\.yml:3:3 auth\.policy a policy without rules lets nobody do anything/,
    );
  });
}

test("a policy that is no list is refused", () => {
  const found = complaints({ yaml: policy("{ who: anyone, allow: pull }") });
  assert.match(found.join("\n"), /auth\.policy expected a list of rules, found \{"who"/);
});

test("a policy that allows nothing is refused", () => {
  const found = complaints({ yaml: policy("[{ who: anyone, deny: push }]") });
  assert.match(found.join("\n"), /auth\.policy no rule allows anything/);
});

test("a policy alone must allow something to those who are nobody", () => {
  const { auth } = read({ yaml: policy("[{ who: anonymous, allow: pull }]", "") }).config;
  assert.equal(auth.mode, "guarded");
  const rules = "[{ who: anyone, deny: push }, { who: 'user:a', allow: push }]";
  const found = complaints({ yaml: policy(rules, "") });
  assert.equal(found.length, 1);
  assert.match(
    found[0] ?? "",
    /auth\.policy every caller would be anonymous, and no rule allows anonymous or/,
  );
});

test("all wrong rules are named, and right ones beside them change nothing", () => {
  const found = complaints({ yaml: policy(`[${OTHER}, { who: bob, allow: pul }, { who: anyone }]`) });
  assert.deepEqual(
    found.map((complaint) => complaint.split(" ")[1]),
    ["auth.policy.1.who", "auth.policy.1.allow", "auth.policy.2"],
  );
});

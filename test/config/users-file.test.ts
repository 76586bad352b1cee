// The file of users and robots.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseExpiry } from "../../src/config/expiry.ts";
import { ConfigError } from "../../src/config/problem.ts";
import { parseUsersFile } from "../../src/config/users-file.ts";

const HASH = `$2b$10$${"a".repeat(21)}u${"b".repeat(31)}`;

/** The problems as one line each; empty when all is well. */
function complaints(text: string): readonly string[] {
  try {
    parseUsersFile("users.yml", text);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ where, path, message }) => `${where} ${path} ${message}`);
  }
}

test("what may be left out is left out", () => {
  const { users, robots } = parseUsersFile("users.yml", `users:\n  alice:\n    password: ${HASH}\nrobots:\n`);
  assert.deepEqual([...users], [["alice", { password: HASH, groups: [], disabled: false }]]);
  assert.deepEqual([...robots], []);
});

test("what is there is read", () => {
  const { users, robots } = parseUsersFile(
    "users.yml",
    `
robots:
  1234:
    password: ${HASH}
    groups: [a, b, a]
    expires: 2027-01-01
    disabled: true
    scopes: ["repository:acme/**:pull,push", "repository:localhost:5000/x:*", "registry:catalog:*", "registry:*:*"]
  __proto__: {password: ${HASH}, scopes: [], expires: "2027-01-01T12:00:00+02:00"}
`,
  );
  assert.equal(users.size, 0);
  assert.deepEqual(robots.get("1234"), {
    password: HASH,
    groups: ["a", "b"],
    expireTime: Date.UTC(2027, 0, 2),
    disabled: true,
    scopes: [
      { type: "repository", name: "acme/**", actions: ["pull", "push"] },
      { type: "repository", name: "localhost:5000/x", actions: ["*"] },
      { type: "registry", name: "catalog", actions: ["*"] },
      { type: "registry", name: "*", actions: ["*"] },
    ],
  });
  const proto = robots.get("__proto__");
  assert.deepEqual(proto?.scopes, []);
  assert.equal(proto?.expireTime, Date.UTC(2027, 0, 1, 10));
});

test("all problems are told at once, each with its place", () => {
  const text = `
user: {}
users:
  alice:
    pasword: ${HASH}
    groups: dev
  bob:
    password: ${HASH}
    groups: ["a b"]
    expires: soon
    disabled: perhaps
  carol: nothing
robots:
  ci:
    password: ${HASH}
    scopes:
      - repository:acme/**:pul
      - repository:acme\\:pull
      - registry:catalogue:*
      - registry:catalog:pull
      - repo:acme:pull
      - repository(plugin):acme:pull
      - "repository:acme:"
      - acme
`;
  const found = complaints(text);
  const name = 'a name of at most 128 characters without ":", spaces and control characters';
  const form = 'is no scope; write "repository:NAMES:ACTIONS", such as "repository:acme/**:pull,push"';
  const expected = [
    "users.yml:2:1 user unknown key; did you mean users?",
    "users.yml:5:5 users.alice.pasword unknown key; did you mean password?",
    `users.yml:6:5 users.alice.groups expected a list of groups, each ${name}, found "dev"`,
    'users.yml:4:3 users.alice.password it is missing; expected a bcrypt hash ("$2b$…") or an argon2id hash ("$argon2id$v=19$…")',
    `users.yml:9:14 users.bob.groups.0 expected a list of groups, each ${name}, found "a b"`,
    'users.yml:10:5 users.bob.expires expected a day such as 2027-01-01, whose end in UTC is meant, or a time such as "2027-01-01T12:00:00Z", found "soon"',
    'users.yml:11:5 users.bob.disabled expected true or false, found "perhaps"',
    "users.yml:12:3 users.carol expected a map with a password",
    'users.yml:17:9 robots.ci.scopes.0 scope "repository:acme/**:pul": "pul" is no action; did you mean pull?',
    'users.yml:18:9 robots.ci.scopes.1 scope "repository:acme\\:pull": glob "acme\\" ends with "\\", which must stand before a character',
    'users.yml:19:9 robots.ci.scopes.2 scope "registry:catalogue:*": the registry has no part "catalogue"; did you mean catalog?',
    'users.yml:20:9 robots.ci.scopes.3 scope "registry:catalog:pull": parts of the registry have one action: write "registry:catalog:*"',
    'users.yml:21:9 robots.ci.scopes.4 scope "repo:acme:pull": "repo" is no kind of resource; did you mean repository?',
    `users.yml:22:9 robots.ci.scopes.5 "repository(plugin):acme:pull" ${form}`,
    `users.yml:23:9 robots.ci.scopes.6 "repository:acme:" ${form}`,
    `users.yml:24:9 robots.ci.scopes.7 "acme" ${form}`,
  ];
  assert.deepEqual(found, expected);
});

test("names that cannot be logged in with are refused, and not repeated where they may be a password", () => {
  for (const name of ['"a:b"', '"a b"', '"a\\tb"', '"a\\0b"', '""', `"${"x".repeat(129)}"`]) {
    const [problem, ...more] = complaints(`users: {${name}: {password: "${HASH}"}}`);
    assert.deepEqual(more, []);
    assert.match(problem ?? "", /^users\.yml:1:9 users expected a name of at most 128/);
  }
  assert.deepEqual(complaints(`users: {"ä.b-c_d@e/f*": {password: "${HASH}"}}`), []);
});

test("neither a hash nor a password is ever repeated, wherever it slipped to", () => {
  const secrets = [
    HASH,
    "hunter2 hunter2",
    "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$ZGlnZXN0",
  ];
  const places = [
    (secret: string) => `users: {alice: {password: '${secret}x'}}`,
    (secret: string) => `users: {alice: {password: ['${secret}']}}`,
    (secret: string) => `users: {alice: '${secret}'}`,
    (secret: string) => `users: {alice: ['${secret}']}`,
    (secret: string) => `users: {alice: {'${secret}': true}}`,
    (secret: string) => `users: {'${secret}': }`,
    (secret: string) => `users: '${secret}'`,
    (secret: string) => `'${secret}'`,
    (secret: string) => `'${secret}': {}`,
    (secret: string) => `users: {alice: {password: '${secret}' x}}`,
    (secret: string) => `users:\n  alice: {password: ${secret}\n  b: *c`,
  ];
  for (const secret of secrets)
    for (const place of places) {
      const found = complaints(place(secret));
      assert.notDeepEqual(found, [], place(secret));
      for (const text of found) assert.ok(!/hunter|bbbb|aaaa|ZGln|c2Fs/.test(text), text);
    }
  for (const key of ["groups", "expires", "disabled", "scopes"]) {
    const found = complaints(`users: {alice: {password: '${HASH}', ${key}: ['${HASH} :']}}`);
    assert.notDeepEqual(found, []);
    for (const text of found) assert.ok(!/bbbb|aaaa/.test(text), text);
  }
});

test("a password that stands there itself, and a hash that costs too much, are refused with the reason", () => {
  const [clear = ""] = complaints("users: {alice: {password: hunter2}}");
  assert.match(
    clear,
    /users\.alice\.password expected a bcrypt hash .* found something else; a password itself must not/,
  );
  const [greedy = ""] = complaints(`users: {alice: {password: "$2b$31${HASH.slice(6)}"}}`);
  assert.match(greedy, /the bcrypt cost of the hash is 31; at most 16 is allowed/);
});

test("an empty file is refused, an empty list of users is not; a name that stands there twice is", () => {
  assert.deepEqual(complaints(""), ["users.yml  expected a map with users and robots; it is empty"]);
  assert.deepEqual(complaints("users: {}"), []);
  const twice = `users:\n  alice: {password: "${HASH}"}\n  alice: {password: "${HASH}"}\n`;
  assert.deepEqual(complaints(twice), ["users.yml:3:3  Map keys must be unique"]);
});

test("a day ends with it, a time is exact, and days that are in no calendar are none", () => {
  assert.equal(parseExpiry("2027-01-01"), Date.UTC(2027, 0, 2));
  assert.equal(parseExpiry("2028-02-29"), Date.UTC(2028, 2, 1));
  assert.equal(parseExpiry("2027-01-01T00:00:00Z"), Date.UTC(2027, 0, 1));
  assert.equal(parseExpiry("2027-01-01T00:00:00.5-01:30"), Date.UTC(2027, 0, 1, 1, 30, 0, 500));
  for (const text of [
    "",
    "2027",
    "2027-02-29",
    "2027-13-01",
    "2027-1-1",
    "2027-02-30T00:00:00Z",
    "2027-01-01T24:00:00Z",
    "2027-01-01T00:00:00",
    "2027-01-01 00:00:00Z",
    "2027-01-01T00:00:60Z",
  ])
    assert.equal(parseExpiry(text), undefined, text);
});

test("a user and a robot with one name are refused: nobody could tell who logs in", () => {
  const twins = `users: {ci: {password: "${HASH}"}}\nrobots: {ci: {password: "${HASH}"}}\n`;
  const [problem = ""] = complaints(twins);
  assert.match(problem, /robots\.ci .*a user has the name "ci", too; choose another/);
});

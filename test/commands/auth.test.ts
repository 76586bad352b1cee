import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { verifyPassword } from "../../src/auth/password-hash.ts";
import { AuthService, type ExplainAccessRequest } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { type HereOptions, stowageHere } from "./cli.ts";
import { serveFake } from "./fake-service.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");

test("whoami tells who one is and what the credentials allow", async () => {
  await using server = await serveFake(AuthService, {
    getIdentity: () => ({
      principal: "robot:ci",
      groups: ["dev", "ops"],
      scopes: ["repository:acme/**:pull,push", "registry:events:*"],
      limited: true,
      expireTime: timestampFromMs(NOW + 3 * 86_400_000),
    }),
  });
  const ask = (...args: readonly string[]) =>
    stowageHere(["auth", "whoami", ...args, "--server", server.url], {
      now: NOW,
      environment: { STOWAGE_TOKEN: "stow_secret" },
    });
  assert.equal(
    (await ask()).stdout,
    [
      "robot:ci",
      "  By      $STOWAGE_TOKEN",
      "  Groups  dev, ops",
      "  Scopes  repository:acme/**:pull,push",
      "          registry:events:*",
      "  Ends    in 3 d (2026-03-04T12:00:00.000Z)",
      "",
    ].join("\n"),
  );
  assert.deepEqual(JSON.parse((await ask("--json")).stdout), {
    principal: "robot:ci",
    groups: ["dev", "ops"],
    scopes: ["repository:acme/**:pull,push", "registry:events:*"],
    limited: true,
    expireTime: "2026-03-04T12:00:00Z",
  });
});

test("whoami tells no scopes that allow nothing from no scopes that allow all", async () => {
  for (const [limited, expected] of [
    [false, /^ {2}Scopes {2}all that the policy allows$/m],
    [true, /^ {2}Scopes {2}none: these credentials allow nothing$/m],
  ] as const) {
    await using server = await serveFake(AuthService, {
      getIdentity: () => ({ principal: "user:alice", limited }),
    });
    assert.match((await stowageHere(["auth", "whoami", "--server", server.url])).stdout, expected);
  }
});

test("explain asks the registry, says what it decided and ends with 0 or 3", async () => {
  const asked: Omit<ExplainAccessRequest, "$typeName" | "$unknown">[] = [];
  await using server = await serveFake(AuthService, {
    explainAccess: ({ principal, action, repository, groups }) => {
      asked.push({ principal, action, repository, groups });
      const [allowed, known] = [action === "pull", principal === "user:alice"];
      return { allowed, known, groups, rule: 2, reason: "rule 2 decides: allow pull on ** for anyone" };
    },
  });
  const explain = (...args: readonly string[]) =>
    stowageHere(["auth", "explain", ...args, "--server", server.url]);
  const allowed = await explain("--group", "dev", "alice", "pull", "acme/app", "-g", "ops");
  assert.equal(allowed.code, 0, allowed.stderr);
  assert.equal(
    allowed.stdout,
    "Allowed: user:alice may pull from acme/app: rule 2 decides: allow pull on ** for anyone\nGroups that counted: dev, ops\n",
  );
  const refused = await explain("robot:ci", "admin");
  assert.equal(refused.code, 3);
  assert.equal(refused.stderr, "");
  assert.match(
    refused.stdout,
    /^Refused: robot:ci may not administrate the registry itself: rule 2 .*\nGroups that counted: none\nNo file of users has this name/,
  );
  assert.deepEqual(asked, [
    { principal: "user:alice", action: "pull", repository: "acme/app", groups: ["dev", "ops"] },
    { principal: "robot:ci", action: "admin", repository: "", groups: [] },
  ]);
  const json = await explain("--json", "anonymous", "push", "acme/app");
  assert.equal(json.code, 3);
  const reason = "rule 2 decides: allow pull on ** for anyone";
  assert.deepEqual(JSON.parse(json.stdout), { allowed: false, rule: 2, reason, known: false, groups: [] });
});

test("a registry that cannot be asked is no refusal", async () => {
  const { code, stdout } = await stowageHere([
    ...["auth", "explain", "alice", "pull", "a"],
    ...["--server", "http://127.0.0.1:1"],
  ]);
  assert.equal(code, 1);
  assert.equal(stdout, "");
});

const HASH = "$2b$04$abcdefghijklmnopqrstuuTGfuPRa6oLYvKvBYrqy5Bwp1Cd4Y2zC";

/** A configuration with a policy and a users file; returns its path. */
async function configuration(t: TestContext): Promise<string> {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  const users = join(directory, "users.yml");
  await writeFile(
    users,
    `users:
  alice: { password: "${HASH}", groups: [dev] }
  bob: { password: "${HASH}", groups: [dev], disabled: true }
  root: { password: "${HASH}" }
robots:
  ci: { password: "${HASH}", groups: [dev], scopes: ["repository:acme/web:pull,push"] }
`,
  );
  const path = join(directory, "config.yml");
  await writeFile(
    path,
    `version: 0.1
storage: inmemory
http: { addr: 127.0.0.1:0 }
auth:
  users: { path: ${users} }
  policy:
    - { repositories: acme/secret, who: group:dev, deny: push }
    - { repositories: "acme/**", who: group:dev, allow: [pull, push] }
    - { who: anyone, allow: pull }
    - { who: user:root, allow: admin }
`,
  );
  return path;
}

/** Who, what, where → exit code and what is said. */
const DECISIONS: readonly (readonly [readonly string[], number, RegExp])[] = [
  [
    ["alice", "push", "acme/app"],
    0,
    /^Allowed: user:alice may push to acme\/app: rule 2 decides: allow pull, push on acme\/\*\* for group:dev\nGroups that counted: dev\n$/,
  ],
  [
    ["alice", "push", "acme/secret"],
    3,
    /^Refused: user:alice may not push to acme\/secret: rule 1 decides: deny push/,
  ],
  [["alice", "push", "other"], 3, /none of the 4 rules names this caller, action and repository together\n/],
  [["robot:ci", "push", "acme/web"], 0, /rule 2 decides/],
  [["robot:ci", "push", "acme/app"], 3, /rule 2 decides: .*; but the scopes of robot:ci do not include it\n/],
  [
    ["anonymous", "pull", "other"],
    0,
    /^Allowed: anonymous may pull from other: rule 3 decides: .*\nGroups that counted: none\n$/,
  ],
  [["bob", "push", "acme/app"], 3, /nobody can log in by it now\.\n$/],
  [
    ["carol", "push", "acme/app", "--group", "dev"],
    0,
    /Groups that counted: dev\nNo file of users has this name/,
  ],
  [
    ["oidc:github:repo:a/b", "pull", "x"],
    0,
    /^Allowed: oidc:github:repo:a\/b may pull from x: rule 3 .*\n.*none\n$/,
  ],
  [["root", "admin"], 0, /^Allowed: user:root may administrate the registry itself: rule 4/],
  [["alice", "admin"], 3, /^Refused: user:alice may not administrate the registry itself: /],
];

test("explain decides by a configuration file and its users file, without a registry", async (t) => {
  const config = await configuration(t);
  for (const [question, expected, said] of DECISIONS) {
    // What does not fit a registry does not matter where none is asked.
    const environment = { STOWAGE_TOKEN: "no token", STOWAGE_SERVER: "ftp://nowhere" };
    const { code, stdout, stderr } = await stowageHere(["auth", "explain", "--config", config, ...question], {
      environment,
    });
    assert.equal(code, expected, `${question.join(" ")}: ${stderr}`);
    assert.match(stdout, said);
  }
  const json = await stowageHere(["auth", "explain", "-c", config, "alice", "pull", "acme/app", "--json"]);
  assert.deepEqual(JSON.parse(json.stdout), {
    allowed: true,
    rule: 2,
    reason: "rule 2 decides: allow pull, push on acme/** for group:dev",
    known: true,
    groups: ["dev"],
  });
});

test("explain says when a configuration lets everybody in", async (t) => {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  const path = join(directory, "config.yml");
  await writeFile(path, "version: 0.1\nstorage: inmemory\nhttp: { addr: 127.0.0.1:0 }\n");
  const { code, stdout } = await stowageHere(["auth", "explain", "-c", path, "anonymous", "delete", "a"]);
  assert.equal(code, 0);
  assert.match(stdout, /^Allowed: anonymous may delete in a: there is no auth section/);
});

const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [["explain", "alice", "write", "a"], /"write" is no action; there are pull, push, delete, admin/],
  [["explain", "alice", "pull"], /pull what\? Name a repository/],
  [["explain", "group:dev", "pull", "a"], /"group:dev" names nobody/],
  [["explain", "alice", "pull", "a", "--config", "/nowhere/config.yml"], /the file cannot be read/],
  [["hash", "--user", "alice"], /--user makes a line of an htpasswd file, which needs --bcrypt/],
  [["hash", "--bcrypt", "--user", "a:b"], /--user "a:b": a name has no ":"/],
];
for (const [args, expected] of WRONG) {
  test(`"auth ${args.join(" ")}" is refused with code 2`, async () => {
    const { code, stderr } = await stowageHere(["auth", ...args], { input: "secret" });
    assert.equal(code, 2, stderr);
    assert.match(stderr, expected);
  });
}

const hash = (args: readonly string[], input: HereOptions["input"]) =>
  stowageHere(["auth", "hash", ...args], { ...(input !== undefined && { input }) });

test("hash makes a hash of the password, without the end of its line", async () => {
  for (const input of [
    "pass word\n",
    "pass word\r\n",
    "pass word",
    { hiddenLines: ["pass word", "pass word"] },
  ]) {
    const { code, stdout, stderr } = await hash([], input);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^\$argon2id\$[^\n]+\n$/);
    assert.ok(await verifyPassword(stdout.trimEnd(), "pass word"));
  }
  const line = (await hash(["--bcrypt", "--user", "alice"], "secret\n")).stdout;
  assert.match(line, /^alice:\$2[by]\$/);
  assert.ok(await verifyPassword(line.trimEnd().slice("alice:".length), "secret"));
  assert.match((await hash(["--bcrypt"], "secret")).stdout, /^\$2[by]\$/);
});

const NO_PASSWORDS: readonly (readonly [string, readonly string[], HereOptions["input"], RegExp])[] = [
  ["nothing", [], "\n", /there is no password/],
  ["two lines", [], "secret\nsecret\n", /a password is one line/],
  ["more than bcrypt looks at", ["--bcrypt"], "ä".repeat(37), /longer than 72 bytes/],
  [
    "something else the second time",
    [],
    { hiddenLines: ["secret", "secre"] },
    /the passwords are not the same/,
  ],
  ["nothing at all", [], { hiddenLines: undefined }, /no password was given/],
];
for (const [what, args, input, expected] of NO_PASSWORDS) {
  test(`hash refuses ${what}`, async () => {
    const { code, stdout, stderr } = await hash(args, input);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /secre/);
  });
}

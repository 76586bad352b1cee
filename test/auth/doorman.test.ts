// The doorman with authorities made for the purpose: what is asked, remembered and
// refused, and how a client is told to do better.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Password, Unauthorized } from "../../src/auth/credentials.ts";
import { Doorman, type DoormanParts } from "../../src/auth/doorman.ts";
import { ANONYMOUS, type Limit, type Principal, principal } from "../../src/auth/principal.ts";
import { Remembered } from "../../src/auth/remembered.ts";
import type { AuthConfig } from "../../src/config/access.ts";
import type { Action, Need } from "../../src/oci/access.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { parseRepositoryName } from "../../src/oci/reference.ts";

const AUTH: AuthConfig = {
  mode: "guarded",
  realm: 'The "registry"',
  service: "",
  accessTokens: {},
  oidc: [],
  gateways: ["cert:gw-*"],
  policy: [
    { repositories: ["public/**"], who: ["anyone"], effect: "allow", actions: ["pull"] },
    { repositories: ["**"], who: ["user:alice"], effect: "allow", actions: ["pull", "push"] },
    { repositories: ["**"], who: ["user:root"], effect: "allow", actions: ["admin"] },
  ],
};

const alice = principal("user", "alice");
const root = principal("user", "root");

interface Setting {
  readonly doorman: Doorman;
  /** What was told of wrong passwords. */
  readonly told: readonly unknown[];
  /** How often a password was looked at. */
  readonly checks: () => number;
  readonly people: Map<string, Principal>;
  readonly revoked: Set<string>;
  time: number;
}

function setting(
  auth: Partial<AuthConfig> = {},
  tokens: Readonly<Record<string, Principal>> = {},
  base = AUTH,
): Setting {
  let checks = 0;
  const people = new Map([alice, root].map((one) => [one.id, one]));
  const revoked = new Set<string>();
  const told: unknown[] = [];
  const made = { time: 1000 };
  const now = () => made.time;
  const parts: DoormanParts = {
    auth: { ...base, ...auth },
    now,
    passwords: [
      {
        async check({ username, password }: Password) {
          checks += 1;
          return password === "secret" ? people.get(`user:${username}`) : undefined;
        },
      },
    ],
    tokens: [
      {
        async check(token) {
          if (token === "bad") throw new Unauthorized("bad", "invalid_token");
          return tokens[token];
        },
      },
    ],
    directory: { find: (kind, name) => people.get(`${kind}:${name}`) },
    isTokenGood: (id) => !revoked.has(id),
    remembered: new Remembered({ now }),
    guard: { run: (_address, check) => check() },
    onWrongPassword: (facts) => told.push(facts),
  };
  return Object.assign(made, { doorman: new Doorman(parts), checks: () => checks, people, revoked, told });
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

const on = (repository: string, ...actions: readonly Action[]): Need => ({
  kind: "repository",
  repository: parseRepositoryName(repository),
  actions,
});

function outcome(run: () => void): string {
  try {
    run();
    return "yes";
  } catch (error) {
    assert.ok(error instanceof RegistryError);
    const detail =
      error instanceof Unauthorized && error.tokenError !== undefined ? ` ${error.tokenError}` : "";
    return error.code + detail;
  }
}

test("a password is checked once and remembered; who shows nothing is anonymous", async () => {
  const { doorman, checks } = setting();
  assert.equal(doorman.authenticate({}), ANONYMOUS);
  const authorization = basic("alice:secret");
  assert.equal(await doorman.authenticate({ authorization }), alice);
  assert.equal(doorman.authenticate({ authorization }), alice); // no promise: it was remembered
  assert.equal(checks(), 1);
});

test("an empty name with an empty password is nobody's: podman and skopeo send it when they have none", async () => {
  const { doorman, checks } = setting();
  for (const authorization of ["Basic Og==", "basic Og"])
    assert.equal(await doorman.authenticate({ authorization }), ANONYMOUS);
  assert.equal(checks(), 0);
});

test("what is remembered is forgotten with the files, and with who was removed from them", async () => {
  const { doorman, checks, people } = setting();
  const authorization = basic("alice:secret");
  await doorman.authenticate({ authorization });
  doorman.forget();
  await doorman.authenticate({ authorization });
  assert.equal(checks(), 2);
  people.delete("user:alice");
  await assert.rejects(async () => doorman.authenticate({ authorization }), Unauthorized);
});

test("what was proved while the files changed is not remembered", async () => {
  const { doorman, checks } = setting();
  const authorization = basic("alice:secret");
  const proving = doorman.authenticate({ authorization });
  doorman.forget();
  await proving;
  await doorman.authenticate({ authorization });
  assert.equal(checks(), 2);
});

test("wrong credentials are refused, of every form", async () => {
  const { doorman } = setting();
  const wrong = [
    basic("alice:wrong"),
    basic("nobody:secret"),
    basic("nocolon"),
    "Basic",
    "Bearer bad",
    "Bearer unknown",
    "Digest x",
    "Bearer a b",
  ];
  for (const authorization of wrong)
    await assert.rejects(async () => doorman.authenticate({ authorization }), Unauthorized, authorization);
});

test("a token may stand in place of the password, with any user name", async () => {
  const { doorman } = setting({}, { "tok:en": alice });
  assert.equal(await doorman.authenticate({ authorization: basic("whoever:tok:en") }), alice);
  assert.equal(await doorman.authenticate({ authorization: "bearer tok:en" }), alice);
});

test("a revoked or expired token does not hold, although it is remembered", async () => {
  const token: Principal = { ...alice, tokenId: "t1", expireTime: 2000 };
  const made = setting({}, { token });
  const authorization = "Bearer token";
  assert.equal(await made.doorman.authenticate({ authorization }), token);
  made.revoked.add("t1");
  await assert.rejects(async () => made.doorman.authenticate({ authorization }), Unauthorized);
  made.revoked.clear();
  assert.equal(await made.doorman.authenticate({ authorization }), token);
  made.time = 2000;
  await assert.rejects(async () => made.doorman.authenticate({ authorization }), Unauthorized);
});

test("who is anonymous is asked to log in, who is not allowed is refused", () => {
  const { doorman } = setting();
  assert.equal(
    outcome(() => doorman.may.demand(ANONYMOUS, [on("public/a", "pull")])),
    "yes",
  );
  assert.equal(
    outcome(() => doorman.may.demand(ANONYMOUS, [on("a", "pull")])),
    "UNAUTHORIZED",
  );
  assert.equal(
    outcome(() => doorman.may.demand(alice, [on("a", "pull", "push")])),
    "yes",
  );
  assert.equal(
    outcome(() => doorman.may.demand(alice, [on("a", "delete")])),
    "DENIED",
  );
  assert.equal(
    outcome(() => doorman.may.demand(alice, [{ kind: "registry", part: "admin" }])),
    "DENIED",
  );
  assert.equal(
    outcome(() => doorman.may.demand(ANONYMOUS, [{ kind: "registry", part: "events" }])),
    "UNAUTHORIZED",
  );
  assert.equal(
    outcome(() => doorman.may.demand(ANONYMOUS, [{ kind: "registry", part: "catalog" }])),
    "yes",
  );
});

test("a token that lacks a scope is told so where a wider one can be had, and refused where not", () => {
  const { doorman } = setting();
  const limit: Limit = { kind: "exact", access: [{ type: "repository", name: "a", actions: ["pull"] }] };
  const narrow: Principal = { ...alice, limit };
  assert.equal(
    outcome(() => doorman.may.demand(narrow, [on("a", "pull")])),
    "yes",
  );
  assert.equal(
    outcome(() => doorman.may.demand(narrow, [on("a", "pull", "push")])),
    "UNAUTHORIZED insufficient_scope",
  );
  assert.equal(
    outcome(() => doorman.may.demand(narrow, [on("a", "delete")])),
    "DENIED",
  );
  const nobody: Principal = { ...ANONYMOUS, limit };
  assert.equal(
    outcome(() => doorman.may.demand(nobody, [on("b", "pull")])),
    "UNAUTHORIZED insufficient_scope",
  );
  const robot: Principal = { ...alice, limit: { ...limit, kind: "scoped" } };
  assert.equal(
    outcome(() => doorman.may.demand(robot, [on("a", "push")])),
    "DENIED",
  );
});

test("lists show what may be pulled, and follow the policy when it changes", () => {
  const { doorman } = setting();
  const [hers, everybodys] = [doorman.may.sight(alice, "catalog"), doorman.may.sight(ANONYMOUS, "events")];
  assert.deepEqual([hers("x"), everybodys("x"), everybodys("public/x")], [true, false, true]);
  doorman.may.setPolicy([{ repositories: ["x"], who: ["anyone"], effect: "allow", actions: ["pull"] }]);
  assert.deepEqual(
    [hers("x"), hers("y"), everybodys("x"), everybodys("public/x")],
    [true, false, true, false],
  );
});

test("what concerns no repository is shown to who is shown all of them", () => {
  const { doorman } = setting();
  const seesRest = (who: Principal) => doorman.may.sight(who, "events")(undefined);
  const limited = (limit: Limit): Principal => ({ ...alice, limit });
  const scoped = (type: string, name: string, actions: readonly string[]): Limit => ({
    kind: "scoped",
    access: [{ type, name, actions }],
  });
  assert.deepEqual([seesRest(alice), seesRest(root), seesRest(ANONYMOUS)], [true, true, false]);
  assert.equal(seesRest(limited(scoped("repository", "a/**", ["pull"]))), false);
  assert.equal(seesRest(limited(scoped("registry", "catalog", ["*"]))), false);
  assert.equal(seesRest(limited(scoped("registry", "events", ["*"]))), true);
  const hers = doorman.may.sight(alice, "events");
  assert.equal(hers(undefined), true);
  doorman.may.setPolicy([{ repositories: ["x/**"], who: ["anyone"], effect: "allow", actions: ["pull"] }]);
  assert.equal(hers(undefined), false);
});

test("a token for a resource holds only what its principal may do", () => {
  const { doorman } = setting();
  const all = (name: string) => ({ type: "repository", name, actions: ["*"] });
  assert.deepEqual(doorman.may.allowed(alice, all("a")), ["pull", "push"]);
  assert.deepEqual(doorman.may.allowed(ANONYMOUS, all("public/a")), ["pull"]);
  assert.deepEqual(doorman.may.allowed(ANONYMOUS, all("a")), []);
  assert.deepEqual(doorman.may.allowed(root, all("a")), ["pull", "push", "delete", "admin"]);
  assert.deepEqual(doorman.may.allowed(root, { type: "registry", name: "admin", actions: ["*"] }), ["*"]);
  assert.deepEqual(doorman.may.allowed(alice, { type: "registry", name: "admin", actions: ["*"] }), []);
  assert.deepEqual(doorman.may.allowed(alice, { type: "registry", name: "catalog", actions: ["*"] }), ["*"]);
  assert.deepEqual(doorman.may.allowed(alice, all("Not/A/Name")), []);
});

test("the challenge names the token endpoint where there is one, and asks for a password elsewhere", () => {
  const needs = [on("a/b", "pull", "push"), on("c", "pull")];
  const issuer = {
    service: "stowage",
    issuer: "stowage",
    lifetimeMs: 1,
    refreshLifetimeMs: 1,
    rotationMs: 1,
  };
  const withIssuer = setting({ issuer }).doorman;
  assert.equal(
    withIssuer.challenge(needs, { baseUrl: "https://r.example.com/x", error: "insufficient_scope" }),
    'Bearer realm="https://r.example.com/x/auth/token",service="stowage",' +
      'scope="repository:a/b:pull,push repository:c:pull",error="insufficient_scope"',
  );
  assert.match(withIssuer.challenge([], { baseUrl: undefined }), /^Basic /);
  assert.equal(
    setting().doorman.challenge(needs, { baseUrl: "http://r" }),
    'Basic realm="The \\"registry\\"", charset="UTF-8"',
  );
});

test("a certificate is an identity only where the configuration says so, and gateways are known by name", () => {
  const certificate = {
    subject: "CN=gw-1,O=Acme",
    commonName: "gw-1",
    dnsNames: ["gw-1.internal"],
    emails: [],
    uris: [],
    expireTime: 5000,
  };
  assert.equal(setting().doorman.authenticate({ certificate }), ANONYMOUS);
  const { doorman } = setting({ certificates: { identity: "cn", groups: ["machines"] } });
  const found = doorman.authenticate({ certificate });
  assert.ok(!(found instanceof Promise));
  assert.deepEqual([found.id, found.groups, found.expireTime], ["cert:gw-1", ["machines"], 5000]);
  assert.equal(doorman.believes(found), true);
  assert.equal(doorman.believes(alice), false);
  assert.equal(
    setting({ certificates: { identity: "email", groups: [] } }).doorman.authenticate({ certificate }),
    ANONYMOUS,
  );
});

test("a token made for repositories by name is no permission to take blobs from wherever they are", () => {
  const { doorman } = setting({
    policy: [{ repositories: ["**"], who: ["anyone"], effect: "allow", actions: ["pull"] }],
  });
  const exact: Limit = {
    kind: "exact",
    access: [{ type: "repository", name: "a", actions: ["pull", "push"] }],
  };
  assert.equal(doorman.may.pullsEverywhere(alice), true);
  assert.equal(doorman.may.pullsEverywhere({ ...alice, isForeign: true, limit: exact }), false);
  assert.equal(doorman.may.pullsEverywhere({ ...alice, limit: exact }), false);
  assert.equal(
    doorman.may.pullsEverywhere({ ...alice, limit: { kind: "exact", access: [], within: exact } }),
    false,
  );
});

test("of a wrong password it is told where it came from, and whose it was if there is such a one", async () => {
  const { doorman, told } = setting();
  const wrong = (text: string) =>
    assert.rejects(
      async () => doorman.authenticate({ authorization: basic(text), address: "192.0.2.1" }),
      Unauthorized,
    );
  await wrong("alice:wrong");
  await wrong("my secret:typed into the wrong field");
  assert.deepEqual(told, [{ address: "192.0.2.1", principal: "user:alice" }, { address: "192.0.2.1" }]);
});

test("who was let in is not current any more when the file says something else of them", () => {
  const { doorman, people } = setting();
  const before: Principal = { ...alice, account: "as it was" };
  people.set("user:alice", before);
  assert.equal(doorman.isCurrent(before), true);
  assert.equal(doorman.isCurrent({ ...before, limit: { kind: "exact", access: [] } }), true);
  people.set("user:alice", { ...alice, account: "in another group" });
  assert.equal(doorman.isCurrent(before), false);
});

test("a certificate that expired on an open connection is nobody's", () => {
  const made = setting({ certificates: { identity: "cn", groups: [] } });
  const certificate = {
    subject: "CN=x",
    commonName: "x",
    dnsNames: [],
    emails: [],
    uris: [],
    expireTime: 5000,
  };
  const named = () => {
    const found = made.doorman.authenticate({ certificate });
    return found instanceof Promise ? "" : found.id;
  };
  assert.equal(named(), "cert:x");
  made.time = 5000;
  assert.equal(named(), "anonymous");
});

test("a token server says no to the catalog by leaving the actions out", () => {
  const { policy: _none, ...auth } = AUTH;
  const { doorman } = setting({}, {}, auth);
  const refused: Principal = {
    ...alice,
    isForeign: true,
    limit: {
      kind: "exact",
      access: [
        { type: "registry", name: "catalog", actions: [] },
        { type: "registry", name: "events", actions: [] },
      ],
    },
  };
  for (const part of ["catalog", "events", "admin"] as const)
    assert.equal(
      outcome(() => doorman.may.demand(refused, [{ kind: "registry", part }])),
      "UNAUTHORIZED insufficient_scope",
    );
});

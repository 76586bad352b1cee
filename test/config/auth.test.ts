// The auth section: what it becomes, which kinds go together, and that no mistake in
// it lets everybody in.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuthConfig } from "../../src/config/access.ts";
import { complaints, file, read, type Source } from "./reading.ts";

const GUARDED: AuthConfig = {
  mode: "guarded",
  realm: "Registry",
  service: "stowage",
  accessTokens: {},
  oidc: [],
  gateways: [],
};

const ISSUER = {
  service: "stowage",
  issuer: "stowage",
  lifetimeMs: 300_000,
  refreshLifetimeMs: 2_592_000_000,
  rotationMs: 2_592_000_000,
};

const auth = (...lines: readonly string[]) => file("auth:", ...lines.map((line) => `  ${line}`));

const authOf = (source: Source) => read(source).config.auth;

test("every key reaches the configuration", () => {
  const yaml = auth(
    "htpasswd: { path: ./htpasswd }",
    "users: { realm: Acme, path: /etc/users.yml }",
    "issuer: { service: s, issuer: i, lifetime: 1h, refreshlifetime: 2h, rotation: 3h }",
    "accesstokens: { maxlifetime: 24h }",
    "gateways: [robot:edge-*, user:gateway]",
    "policy: [{ who: [anyone, 'group:dev'], repositories: 'a/**', allow: pull }, { who: 'user:eve', deny: [push, delete] }]",
  );
  assert.deepEqual(authOf({ yaml }), {
    ...GUARDED,
    realm: "Acme",
    htpasswd: { path: "./htpasswd" },
    users: { path: "/etc/users.yml" },
    issuer: {
      service: "s",
      issuer: "i",
      lifetimeMs: 3_600_000,
      refreshLifetimeMs: 7_200_000,
      rotationMs: 10_800_000,
    },
    accessTokens: { maxLifetimeMs: 86_400_000 },
    gateways: ["robot:edge-*", "user:gateway"],
    policy: [
      { repositories: ["a/**"], who: ["anyone", "group:dev"], effect: "allow", actions: ["pull"] },
      { repositories: ["**"], who: ["user:eve"], effect: "deny", actions: ["push", "delete"] },
    ],
  });
});

test("without an auth section the registry is open, with none it is so in so many words", () => {
  assert.equal(authOf({}).mode, "open");
  for (const line of ["auth: none", "auth: { none: }", "auth: { none: {} }", "auth: { none: true }"])
    assert.deepEqual(authOf({ yaml: file(line) }), { ...GUARDED, mode: "none" });
});

// With these there is a token endpoint of our own, or there is none.
const TOKEN_ENDPOINT: readonly (readonly [string, boolean])[] = [
  ["htpasswd: { path: p }", false],
  ["htpasswd: { path: p }, issuer: { lifetime: 5m }", false],
  ["htpasswd: { path: p }, issuer: { enabled: true }", true],
  ["htpasswd: { path: p }, policy: [{ who: authenticated, allow: pull }]", true],
  ["htpasswd: { path: p }, users: { path: p }", true],
  ["users: { path: p }", true],
  ["users: { path: p }, issuer: { enabled: false }", false],
  ["oidc: [{ name: a, issuer: 'https://a', audience: b, rules: [{ claims: { sub: x } }] }]", true],
  ["policy: [{ who: anyone, allow: pull }]", false],
  [
    "token: { realm: 'https://t', service: s, issuer: i, jwks: j }, policy: [{ who: anyone, allow: pull }]",
    false,
  ],
];
for (const [members, expected] of TOKEN_ENDPOINT) {
  test(`{ ${members} } has ${expected ? "a" : "no"} token endpoint`, () => {
    const { issuer } = authOf({ yaml: file(`auth: { ${members} }`) });
    assert.deepEqual(issuer, expected ? ISSUER : undefined);
  });
}

test("the algorithms of tokens are those with which only the token server can make one", () => {
  const token = "realm: 'https://t', service: s, issuer: i, rootcertbundle: r";
  const { token: config } = authOf({ yaml: file(`auth: { token: { ${token} } }`) });
  assert.deepEqual(
    config?.signingAlgorithms,
    "EdDSA ES256 ES384 ES512 RS256 RS384 RS512 PS256 PS384 PS512".split(" "),
  );
  assert.equal(config.autoRedirect, false);
});

test("with autoredirect the realm is the registry's own", () => {
  const { token } = authOf({
    yaml: file("auth: { token: { autoredirect: true, service: s, issuer: i, jwks: j } }"),
  });
  assert.deepEqual([token?.realm, token?.autoRedirect, token?.autoRedirectPath], ["", true, "/auth/token"]);
});

const TOKEN = "token: { realm: 'https://t', service: s, issuer: i, jwks: j }";

// What goes together with a token server.
const COMPANY = [
  "policy: [{ who: anyone, allow: pull }]",
  "accesstokens: { maxlifetime: 1h }",
  "gateways: [user:a]",
  "issuer: { enabled: false }",
];
for (const other of COMPANY) {
  test(`a token server stands with "${other}"`, () => {
    assert.deepEqual(complaints({ yaml: auth(TOKEN, other) }), []);
  });
}

const LACKING_TOKEN = /auth\.token realm, service, issuer and rootcertbundle or jwks are missing/;

// Each is wrong; the one complaint must match.
const WRONG: readonly (readonly [string, RegExp])[] = [
  [
    "none: {}, htpasswd: { path: p }",
    /auth none and htpasswd are both there; auth\.none .*: keep it, or keep htpasswd/,
  ],
  ["none: {}, policy: [{ who: anyone, allow: pull }]", /auth none and policy are both there/],
  ["none: {}, silly: {}", /auth none and silly are both there/],
  ["none: false", /auth\.none expected nothing, or \{\}, found false/],
  ["none: { realm: r }", /auth\.none expected nothing, or \{\}, found/],
  ["silly: {}, users: { path: p }", /auth silly and users are both there/],
  ["silly: {}, policy: [{ who: anyone, allow: pull }]", /auth silly and policy are both there/],
  [`${TOKEN}, htpasswd: { path: p }`, /auth token and htpasswd are both there; auth\.token .*keep htpasswd$/],
  [`${TOKEN}, users: { path: p }, htpasswd: { path: p }`, /auth token, users and htpasswd are all there/],
  [`${TOKEN}, issuer: { enabled: true }`, /auth token and issuer are both there/],
  ["htpasswd:", /auth\.htpasswd path is missing/],
  ["htpasswd: {}", /auth\.htpasswd path is missing/],
  ["htpasswd: { path: '' }", /auth\.htpasswd\.path expected the path of a file, found ""/],
  ["htpasswd: { realm: r }", /auth\.htpasswd path is missing: the file that holds users and passwords/],
  ["users:", /auth\.users path is missing: the file that holds users and robots/],
  ["htpaswd: { path: p }", /auth\.htpaswd unknown key; did you mean auth\.htpasswd/],
  [
    "users: { path: p, realm: a }, htpasswd: { path: p, realm: b }",
    /auth\.htpasswd\.realm "b" differs from .* "a"/,
  ],
  ['users: { path: p, realm: "a\\nb" }', /auth\.users\.realm expected up to 128 visible/],
  ["token:", LACKING_TOKEN],
  ["token: {}", LACKING_TOKEN],
  ["token: { autoredirect: true }", /auth\.token service, issuer and rootcertbundle or jwks are missing/],
  ["token: { realm: 'https://t', service: s, issuer: i }", /auth\.token rootcertbundle or jwks is missing/],
  [
    `${TOKEN.replace("https://t", "t.example/x")}`,
    /auth\.token\.realm expected a URL .* "t\.example\/x"; write "https:/,
  ],
  [`${TOKEN.replace("jwks: j", "jwks: j, signingalgorithms: [none]")}`, /algorithms\.0 .*proves nothing/],
  [
    `${TOKEN.replace("jwks: j", "jwks: j, signingalgorithms: [RS255]")}`,
    /algorithms\.0 .*did you mean RS256\?/,
  ],
  [
    `${TOKEN.replace("jwks: j", "jwks: j, signingalgorithms: []")}`,
    /auth\.token\.signingalgorithms expected a list/,
  ],
  [`${TOKEN.replace("jwks: j", "jwks: j, autoredirectpath: auth")}`, /expected a path that begins with "\/"/],
  [
    "users: { path: p }, issuer: { lifetime: 30s }",
    /auth\.issuer\.lifetime expected .* from 1m to 1h, found "30s"/,
  ],
  ["users: { path: p }, issuer: { lifetime: 2h }", /from 1m to 1h, found "2h"/],
  ["users: { path: p }, accesstokens: { maxlifetime: 0 }", /maxlifetime expected .* above 0, found 0/],
  ["gateways: [user:a]", /auth nobody could be known by auth\.gateways; add .*auth\.users/],
  ["issuer: { enabled: true }", /auth nobody could be known by auth\.issuer/],
  ["accesstokens: {}", /auth nobody could be known by auth\.accesstokens/],
  ["oidc: []", /auth nobody could be known by auth\.oidc/],
  [
    "certificates: {}",
    /auth\.certificates no client is asked for a certificate; name .* http\.tls\.clientcas/,
  ],
  ["users: { path: p }, gateways: [alice]", /auth\.gateways\.0 "alice" must begin with user:, robot:/],
  ["users: { path: p }, gateways: [anyone]", /auth\.gateways\.0 "anyone" must begin with/],
  ["users: { path: p }, gateways: ['group:dev']", /auth\.gateways\.0 "group:dev" must begin with user:/],
  ["users: { path: p }, gateways: ['**']", /auth\.gateways\.0 "\*\*" must begin with/],
  [
    "users: { path: p }, gateways: ['oidc:gh:x']",
    /auth\.gateways\.0 "oidc:gh:x": auth\.oidc has no provider "gh"/,
  ],
];
for (const [members, message] of WRONG) {
  test(`auth: { ${members} } is refused`, () => {
    const found = complaints({ yaml: file(`auth: { ${members} }`) });
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", message);
    assert.match(found[0] ?? "", /^config\.yml:2:\d+ auth/);
  });
}

test("all that is wrong is said at once", () => {
  const found = complaints({ yaml: auth("none: {}", "token: { realm: x y }", "users: {}", "policy: []") });
  assert.deepEqual(
    found.map((complaint) => complaint.split(" ").slice(0, 2).join(" ")),
    [
      "config.yml:4:12 auth.token.realm",
      "config.yml:6:3 auth.policy",
      "config.yml:2:1 auth",
      "config.yml:5:3 auth.users",
      "config.yml:4:3 auth.token",
    ],
  );
});

// A password in a URL of the auth section must be shown to nobody.
const URLS: readonly string[] = [
  "token: { realm: 'https://u:hush@t/x', service: s, issuer: i, jwks: j }",
  "token: { realm: 'htps://u:hush@t/x', service: s, issuer: i, jwks: j }",
  "token: { realm: ['https://u:hush@t/x'], service: s, issuer: i, jwks: j }",
  "oidc: [{ name: a, issuer: 'https://u:hush@t', audience: b, rules: [{ claims: { sub: x } }] }]",
  "oidc: [{ name: a, issuer: 'https://t', jwksurl: 'https://u:hush@t', audience: b, rules: [{ claims: { sub: x } }] }]",
];
for (const members of URLS) {
  test(`{ ${members.slice(0, 60)} } is refused, and the password is not repeated`, () => {
    const found = complaints({ yaml: file(`auth: { ${members} }`) });
    assert.equal(found.length, 1, found.join("\n"));
    assert.doesNotMatch(found.join(), /hush/);
  });
}

test("variables choose and change", () => {
  const environment = {
    REGISTRY_AUTH: "htpasswd",
    REGISTRY_AUTH_HTPASSWD_PATH: "/etc/htpasswd",
    REGISTRY_AUTH_HTPASSWD_REALM: "Acme: ours",
    REGISTRY_AUTH_POLICY_0_WHO: "group:dev",
    REGISTRY_AUTH_POLICY_0_REPOSITORIES_0: "**",
    REGISTRY_AUTH_POLICY_0_ALLOW: "[pull, push]",
    REGISTRY_AUTH_GATEWAYS_0: "user:edge",
  };
  const config = authOf({ yaml: auth("users: { path: p }"), environment });
  assert.deepEqual(config, {
    ...GUARDED,
    realm: "Acme: ours",
    htpasswd: { path: "/etc/htpasswd" },
    issuer: ISSUER,
    gateways: ["user:edge"],
    policy: [{ repositories: ["**"], who: ["group:dev"], effect: "allow", actions: ["pull", "push"] }],
  });
  const found = complaints({ environment: { ...environment, REGISTRY_AUTH_POLICY_0_WHO: "dev" } });
  assert.equal(found.length, 1);
  assert.match(found[0] ?? "", /^REGISTRY_AUTH_POLICY_0_WHO auth\.policy\.0\.who "dev" .*write "user:dev"/);
  assert.deepEqual(complaints({ environment: { REGISTRY_AUTH: "htpasswd" } }), [
    "REGISTRY_AUTH auth.htpasswd path is missing: the file that holds users and passwords",
  ]);
});

test("passwords in clear text on an open address are warned of, unless TLS is somewhere", () => {
  const warnings = (http: string) =>
    read({ yaml: file(`http: { ${http} }`, "auth: { htpasswd: { path: p } }") }).warnings.length;
  assert.equal(warnings("addr: ':5000'"), 1);
  assert.equal(warnings("addr: 'localhost:5000'"), 0);
  assert.equal(warnings("addr: ':5000', tls: { certificate: c, key: k }"), 0);
  assert.equal(warnings("addr: ':5000', trustedproxies: [10.0.0.1]"), 0);
  assert.equal(warnings("addr: ':5000', host: 'https://r'"), 0);
  assert.equal(warnings("addr: ':5000', host: 'http://r'"), 1);
});

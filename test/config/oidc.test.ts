// auth.oidc: identity providers, and that none lets strangers in by a slip.
import assert from "node:assert/strict";
import { test } from "node:test";
import { complaints, file, read } from "./reading.ts";

const providers = (...entries: readonly string[]) =>
  file("auth:", "  oidc:", ...entries.map((entry) => `    - ${entry}`));

const RULES = "rules: [{ claims: { sub: 'repo:acme/*' } }]";

/** A provider that is right but for what is added or put in the place of something. */
const provider = (more: string, { issuer = "https://i.example", rules = RULES } = {}) =>
  providers(
    `{ name: gh, issuer: '${issuer}', audience: stowage, ${rules}${more === "" ? "" : `, ${more}`} }`,
  );

test("every member reaches the configuration", () => {
  const yaml = providers(
    "{ name: github, issuer: 'https://token.actions.githubusercontent.com/', audience: 'https://r', timeout: 2s, " +
      "jwksurl: 'https://keys.example/jwks?v=1', rules: [" +
      "{ claims: { repository_owner: acme, run: [1, true, 'a/**'] }, groups: [ci], " +
      "scopes: ['repository:acme/**:pull,push', 'registry:catalog:*'] }, { claims: { sub: '*' } }] }",
    "{ name: local, issuer: 'http://[::1]:8080/realms/x', audience: a, rules: [{ claims: { sub: x }, scopes: 'repository:a:*' }] }",
  );
  const { config, warnings } = read({ yaml });
  assert.deepEqual(config.auth.oidc, [
    {
      name: "github",
      issuer: "https://token.actions.githubusercontent.com/",
      audience: "https://r",
      jwksUrl: "https://keys.example/jwks?v=1",
      timeoutMs: 2000,
      rules: [
        {
          claims: { repository_owner: ["acme"], run: ["1", "true", "a/**"] },
          groups: ["ci"],
          scopes: [
            { type: "repository", name: "acme/**", actions: ["pull", "push"] },
            { type: "registry", name: "catalog", actions: ["*"] },
          ],
        },
        { claims: { sub: ["*"] }, groups: [] },
      ],
    },
    {
      name: "local",
      issuer: "http://[::1]:8080/realms/x",
      audience: "a",
      timeoutMs: 5000,
      rules: [
        { claims: { sub: ["x"] }, groups: [], scopes: [{ type: "repository", name: "a", actions: ["*"] }] },
      ],
    },
  ]);
  assert.deepEqual(warnings, [
    'auth.oidc lets in everybody who can get a token of "github" for this audience',
  ]);
});

test("the policy may name a provider that is there", () => {
  const yaml = `${provider("")}  policy: [{ who: "oidc:gh:repo:acme/*", allow: push }]\n`;
  assert.deepEqual(complaints({ yaml }), []);
  const [found] = complaints({ yaml: yaml.replace("oidc:gh:", "oidc:hg:") });
  assert.match(found ?? "", /auth\.policy\.0\.who .*has no provider "hg"; .*gh/);
});

const NO_CONDITION = /lets in everybody who can get a token of this provider; name at least one claim/;

// Each is wrong; the one complaint begins with the place and must match.
const WRONG: readonly (readonly [string, string, RegExp])[] = [
  [provider("", { issuer: "http://i.example" }), "issuer", /must be an https URL.*http only on loopback/],
  [provider("", { issuer: "i.example" }), "issuer", /found "i\.example"; write "https:\/\/i\.example"/],
  [provider("", { issuer: "https://i.example/#x" }), "issuer", /remove what is behind "#"/],
  [provider("", { issuer: "https://i.example/?x=1" }), "issuer", /remove what is behind "\?"/],
  [provider("jwksurl: 'http://i.example/keys'"), "jwksurl", /must be an https URL/],
  [provider("timeout: 5"), "timeout", /for seconds write "5s"/],
  [provider("audiences: [a]"), "audiences", /unknown key; did you mean audience\?/],
  [provider("", { rules: "rules: []" }), "rules", /no token of this provider is accepted without a rule/],
  [provider("", { rules: "rules: " }), "rules", /no token of this provider is accepted without a rule/],
  [provider("", { rules: "timeout: 1s" }), "rules", /it is missing; nobody is let in without a rule/],
  [provider("", { rules: "rules: [{}]" }), "rules.0.claims", NO_CONDITION],
  [provider("", { rules: "rules: [{ claims: {} }]" }), "rules.0.claims", NO_CONDITION],
  [provider("", { rules: "rules: [{ claims: , groups: [a] }]" }), "rules.0.claims", NO_CONDITION],
  [provider("", { rules: "rules: [{ claims: { sub: } }]" }), "rules.0.claims.sub", /found null/],
  [provider("", { rules: "rules: [{ claims: { sub: [] } }]" }), "rules.0.claims.sub", /found \[\]/],
  [
    provider("", { rules: "rules: [{ claims: { sub: [a, 'b\\'] } }]" }),
    "rules.0.claims.sub.1",
    /glob "b\\" ends/,
  ],
  [
    provider("", { rules: "rules: [{ claim: { sub: a } , claims: { sub: a } }]" }),
    "rules.0.claim",
    /did you mean claims\?/,
  ],
  [provider("", { rules: "rules: [{ claims: { sub: a }, scopes: }]" }), "rules.0.scopes", /found null/],
  [provider("", { rules: "rules: [{ claims: { sub: a }, scopes: [] }]" }), "rules.0.scopes", /found \[\]/],
  [
    provider("", { rules: "rules: [{ claims: { sub: a }, scopes: ['acme/**'] }]" }),
    "rules.0.scopes.0",
    /"acme\/\*\*" is no scope; write "repository:NAMES:ACTIONS"/,
  ],
  [
    provider("", { rules: "rules: [{ claims: { sub: a }, scopes: 'repo:acme:pull' }]" }),
    "rules.0.scopes",
    /"repo" is no kind of resource; did you mean repository\?/,
  ],
  [
    provider("", { rules: "rules: [{ claims: { sub: a }, scopes: 'repository:acme:write' }]" }),
    "rules.0.scopes",
    /"write" is no action; write "push"/,
  ],
  [
    provider("", { rules: "rules: [{ claims: { sub: a }, scopes: 'registry:catalogue:*' }]" }),
    "rules.0.scopes",
    /did you mean catalog\?/,
  ],
  [
    provider("", { rules: "rules: [{ claims: { sub: a }, scopes: 'registry:catalog:pull' }]" }),
    "rules.0.scopes",
    /write "registry:catalog:\*"/,
  ],
  [
    provider("").replace("name: gh", "name: Git_Hub"),
    "name",
    /expected 1 to 64 of a-z 0-9 -, found "Git_Hub"/,
  ],
  [provider("").replace("name: gh, ", ""), "name", /it is missing; callers are called by it/],
  [
    provider("").replace("audience: stowage, ", ""),
    "audience",
    /it is missing; without it tokens made for others/,
  ],
  [provider("").replace("issuer: 'https://i.example', ", ""), "issuer", /it is missing/],
];
for (const [yaml, place, message] of WRONG) {
  test(`a provider with a wrong ${place} is refused: ${message.source.slice(0, 40)}`, () => {
    const found = complaints({ yaml });
    assert.equal(found.length, 1, found.join("\n"));
    const [, path, ...words] = found[0]?.split(" ") ?? [];
    assert.equal(path, `auth.oidc.0.${place}`);
    assert.match(words.join(" "), message);
  });
}

test("two providers need two names", () => {
  const entry = `{ name: a, issuer: 'https://a', audience: b, ${RULES} }`;
  const found = complaints({ yaml: providers(entry, entry) });
  assert.equal(found.length, 1);
  assert.match(found[0] ?? "", /auth\.oidc\.1\.name "a" is the name of element 0 too; each needs its own$/);
});

test("variables reach into rules within providers", () => {
  const prefix = "REGISTRY_AUTH_OIDC_0";
  const environment = {
    [`${prefix}_AUDIENCE`]: "[text]",
    [`${prefix}_RULES_0_CLAIMS_REPOSITORY_OWNER`]: "acme",
    [`${prefix}_RULES_0_SCOPES_0`]: "repository:acme/**:pull",
    [`${prefix}_RULES_0_GROUPS`]: "[a, b]",
  };
  const [first] = read({ yaml: provider(""), environment }).config.auth.oidc;
  assert.equal(first?.audience, "[text]");
  assert.deepEqual(first.rules, [
    {
      claims: { sub: ["repo:acme/*"], repository_owner: ["acme"] },
      groups: ["a", "b"],
      scopes: [{ type: "repository", name: "acme/**", actions: ["pull"] }],
    },
  ]);
  const misspelt = complaints({ yaml: provider(""), environment: { [`${prefix}_RULES_0_CLAIM_SUB`]: "x" } });
  assert.match(misspelt.join("\n"), /^REGISTRY_AUTH_OIDC_0_RULES_0_CLAIM_SUB .*did you mean/);
});

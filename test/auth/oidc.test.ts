// Tokens of identity providers: who comes in under which rule, and who does not.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, afterEach, before, suite, test } from "node:test";
import { Unauthorized } from "../../src/auth/credentials.ts";
import { OidcIssuers } from "../../src/auth/oidc.ts";
import type { OidcConfig, OidcRule } from "../../src/config/access.ts";
import { authenticatedBy, forge, signedBy } from "./forge.ts";
import { IdentityProvider, makeKey } from "./identity-provider.ts";

const NOW = Date.parse("2026-05-05T12:00:00Z");
const SECONDS = NOW / 1000;
const ANYBODY: OidcRule = { claims: {}, groups: [] };

suite("tokens of identity providers", () => {
  let provider: IdentityProvider;
  let opened: OidcIssuers[] = [];

  const open = (...configs: Partial<OidcConfig>[]) => {
    const config = configs.map((more) => ({
      name: "ci",
      issuer: provider.issuer,
      audience: "stowage",
      timeoutMs: 5000,
      rules: [ANYBODY],
      ...more,
    }));
    const issuers = new OidcIssuers({ config, now: () => NOW, report: () => {} });
    opened.push(issuers);
    return issuers;
  };
  const refuses = (token: string, words: RegExp, by: OidcIssuers = open({})) =>
    assert.rejects(by.check(token), (error) => {
      assert.ok(error instanceof Unauthorized, String(error));
      assert.equal(error.tokenError, "invalid_token");
      assert.match(error.message, words);
      return true;
    });

  before(async () => {
    provider = await IdentityProvider.start();
  });
  afterEach(() => {
    for (const issuers of opened) issuers.close();
    opened = [];
  });
  after(async () => await provider[Symbol.asyncDispose]());

  test("a good token is a principal of its own kind, with what the rule gives", async () => {
    const scopes = [{ type: "repository", name: "acme/**", actions: ["pull", "push"] }];
    const issuers = open({ rules: [{ claims: { sub: ["job-*"] }, groups: ["builders"], scopes }] });
    assert.deepEqual(await issuers.check(await provider.sign(NOW)), {
      kind: "oidc",
      id: "oidc:ci:job-1",
      actor: "oidc:ci:job-1",
      groups: ["builders"],
      limit: { kind: "scoped", access: scopes },
      expireTime: NOW + 360_000,
    });
  });

  test("a rule without scopes leaves everything to the policy", async () => {
    const who = await open({}).check(await provider.sign(NOW));
    assert.equal(who !== undefined && "limit" in who, false);
  });

  test("tokens of others, and what is no token, are left to others", async () => {
    const before = provider.requests.length;
    const issuers = open({});
    assert.equal(await issuers.check("stow_abcdefghijklmnopqrstuv"), undefined);
    for (const iss of [
      `${provider.issuer}/`,
      provider.issuer.toUpperCase(),
      [provider.issuer],
      "",
      undefined,
    ])
      assert.equal(await issuers.check(await provider.sign(NOW, { iss })), undefined);
    assert.equal(provider.requests.length, before, "nothing was fetched");
  });

  test("one issuer may be there for several audiences", async () => {
    const issuers = open({ name: "a", audience: "one" }, { name: "b", audience: "two" });
    assert.equal((await issuers.check(await provider.sign(NOW, { aud: "two" })))?.id, "oidc:b:job-1");
    assert.equal((await issuers.check(await provider.sign(NOW, { aud: ["x", "one"] })))?.id, "oidc:a:job-1");
    await refuses(await provider.sign(NOW, { aud: "three" }), /"aud" is "three"/, issuers);
  });

  test("the first rule whose conditions all hold counts", async () => {
    const claims = {
      sub: "repo:acme/app:ref:refs/heads/main",
      repository: "acme/app",
      run: 7,
      protected: true,
      teams: ["red", "blue", 5, { red: 1 }, ["green"]],
      "kubernetes.io": { namespace: "build", pod: { name: "p" } },
      nothing: null,
    };
    const token = await provider.sign(NOW, claims);
    const table: readonly (readonly [Record<string, string[]>, boolean])[] = [
      [{}, true],
      [{ repository: ["acme/*"] }, true],
      [{ repository: ["*"] }, false],
      [{ repository: ["other", "acme/app"] }, true],
      [{ repository: ["acme/ap"] }, false],
      [{ repository: ["acme/app"], sub: ["repo:acme/app:ref:refs/heads/main"] }, true],
      [{ repository: ["acme/app"], sub: ["repo:acme/app:pull_request"] }, false],
      [{ run: ["7"] }, true],
      [{ protected: ["true"] }, true],
      [{ teams: ["blue"] }, true],
      [{ teams: ["5"] }, true],
      [{ teams: ["green"] }, false],
      [{ "teams.0": ["red"] }, false],
      [{ "kubernetes.io.namespace": ["build"] }, true],
      [{ "kubernetes.io.pod.name": ["?"] }, true],
      [{ "kubernetes.io": ["**"] }, false],
      [{ nothing: ["**"] }, false],
      [{ absent: ["**"] }, false],
      [{ "constructor.name": ["**"] }, false],
      [{ toString: ["**"] }, false],
      [{ repository: [] }, false],
    ];
    for (const [conditions, fits] of table) {
      const issuers = open({
        rules: [
          { claims: conditions, groups: ["first"] },
          { claims: {}, groups: ["second"] },
        ],
      });
      const who = await issuers.check(token);
      assert.deepEqual(who?.groups, [fits ? "first" : "second"], JSON.stringify(conditions));
    }
    const issuers = open({ rules: [{ claims: { repository: ["acme/*"], run: ["8"] }, groups: [] }] });
    await refuses(token, /no rule for the identity provider "ci" fits/, issuers);
  });

  test("claims that are not as they must be are refused", async () => {
    const table: readonly (readonly [Record<string, unknown>, RegExp])[] = [
      [{ aud: "other" }, /"aud" is "other"; it must contain "stowage"/],
      [{ aud: undefined }, /no "aud"/],
      [{ exp: SECONDS - 61 }, /expired/],
      [{ exp: undefined }, /no "exp"/],
      [{ nbf: SECONDS + 61 }, /not valid yet/],
      [{ iat: SECONDS + 61 }, /"iat" lies in the future/],
      [{ sub: undefined }, /no "sub"/],
      [{ sub: "" }, /no "sub"/],
      [{ sub: ["job-1"] }, /"sub" is no text/],
      [{ sub: "job\u001b[2J" }, /"sub"/],
      [{ sub: "j".repeat(513) }, /at most 512/],
    ];
    for (const [claims, words] of table) await refuses(await provider.sign(NOW, claims), words);
  });

  test("only signatures of the issuer's keys count, under algorithms that need a private key", async () => {
    const own = provider.keys[0] ?? assert.fail();
    const claims = { iss: provider.issuer, aud: "stowage", sub: "job-1", exp: SECONDS + 300 };
    const stranger = makeKey(own.kid);
    await refuses(await provider.sign(NOW, {}, { key: stranger }), /signature is wrong/);
    const jwk = stranger.publicKey.export({ format: "jwk" });
    const jku = `${provider.issuer}/their-keys`;
    await refuses(
      await provider.sign(NOW, {}, { key: stranger, header: { jwk, jku, x5u: jku } }),
      /signature is wrong/,
    );
    assert.equal(provider.requests.includes("/their-keys"), false);
    const pem = own.publicKey.export({ type: "spki", format: "pem" });
    for (const alg of ["HS256", "none", "HS512", "ML-DSA-44"]) {
      const header = { alg, kid: own.kid };
      await refuses(forge({ header, claims, signature: authenticatedBy(pem) }), /not allowed/);
    }
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const header = { alg: "RS256", kid: own.kid };
    await refuses(forge({ header, claims, signature: signedBy(rsa.privateKey) }), /no key for "alg" "RS256"/);
    const token = await provider.sign(NOW);
    await refuses(token.slice(0, token.lastIndexOf(".") + 1), /no signature/);
    const bare = { alg: "ES256" };
    await refuses(
      forge({ header: bare, claims, signature: signedBy(stranger.privateKey) }),
      /signature is wrong/,
    );
  });

  test("what is no identity is refused, though the same keys signed it", async () => {
    for (const typ of ["logout+jwt", "dpop+jwt", "secevent+jwt", "x"])
      await refuses(await provider.sign(NOW, {}, { header: { typ } }), /"typ"/);
    for (const typ of ["JWT", "jwt", "at+jwt", "application/at+JWT"])
      assert.equal((await open({}).check(await provider.sign(NOW, {}, { header: { typ } })))?.kind, "oidc");
    await refuses(
      forge({
        header: { alg: "ES256", crit: ["x"] },
        claims: { iss: provider.issuer },
        signature: () => "AA",
      }),
      /"crit"/,
    );
  });

  test("a token without the name of a key is checked with all that could have signed it", async () => {
    const old = provider.keys;
    provider.keys = [makeKey("a"), makeKey("b"), makeKey("c")];
    try {
      const issuers = open({});
      for (const key of provider.keys) {
        const token = await provider.sign(NOW, {}, { key, header: { kid: undefined } });
        assert.equal((await issuers.check(token))?.id, "oidc:ci:job-1");
      }
      const stranger = makeKey("a");
      await refuses(
        await provider.sign(NOW, {}, { key: stranger, header: { kid: undefined } }),
        /signature/,
        issuers,
      );
    } finally {
      provider.keys = old;
    }
  });
});

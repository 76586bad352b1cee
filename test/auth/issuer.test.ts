// The registry's own bearer tokens: what they say, who they make of somebody, and what
// is no such token whatever it says.
import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { test } from "node:test";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { Unauthorized } from "../../src/auth/credentials.ts";
import type { Issuer } from "../../src/auth/issuer.ts";
import { ANONYMOUS, principal } from "../../src/auth/principal.ts";
import { signingKeysKey } from "../../src/metadata/keys.ts";
import { authenticatedBy, forge, signedBy } from "./forge.ts";
import { CONFIG, MINUTE, refusal, TokenOffice } from "./token-office.ts";

const access = [{ type: "repository", name: "acme/app", actions: ["pull", "push"] }];
const alice = principal("user", "alice", { groups: ["dev"] });

test("the claims are Docker's, and ours beside them", async () => {
  await using office = await TokenOffice.open();
  const issuer = await office.issuer();
  const { token, issueTime, expireTime } = await issuer.issue({ principal: alice, access });
  const { jti, ...claims } = decodeJwt(token);
  const issued = office.clock.time / 1000;
  assert.deepEqual(claims, {
    iss: "stowage",
    sub: "alice",
    aud: "registry.example.com",
    exp: issued + 300,
    nbf: issued,
    iat: issued,
    access,
    principal: "user:alice",
    groups: ["dev"],
  });
  assert.ok(jti);
  assert.equal(issueTime, office.clock.time);
  assert.equal(expireTime, office.clock.time + 5 * MINUTE);
  const { kid } = decodeProtectedHeader(token);
  assert.equal(kid, JSON.parse(await issuer.jwks()).keys[0].kid);
});

test("who comes back with a token is who it was given to, limited to what it is for", async () => {
  await using office = await TokenOffice.open();
  const issuer = await office.issuer();
  const robotScopes = [{ type: "repository", name: "**", actions: ["pull", "push"] }];
  const tokenScopes = [
    { type: "repository", name: "acme/**", actions: ["*"] },
    { type: "registry", name: "catalog", actions: ["*"] },
  ];
  const ci = principal("robot", "ci", {
    groups: ["builders"],
    tokenId: "t-1",
    limit: { kind: "scoped", access: tokenScopes, within: { kind: "scoped", access: robotScopes } },
  });
  const { token, expireTime } = await issuer.issue({ principal: ci, access });
  assert.deepEqual(await issuer.check(token), {
    kind: "robot",
    id: "robot:ci",
    actor: "robot:ci",
    groups: ["builders"],
    tokenId: "t-1",
    expireTime: expireTime + MINUTE, // the leeway of who checks
    limit: {
      kind: "exact",
      access,
      within: { kind: "scoped", access: tokenScopes, within: { kind: "scoped", access: robotScopes } },
    },
  });
});

test("a credential that may do nothing makes a token that may do nothing", async () => {
  await using office = await TokenOffice.open();
  const issuer = await office.issuer();
  const limit = { kind: "scoped", access: [] } as const;
  const { token } = await issuer.issue({ principal: principal("robot", "ci", { limit }), access: [] });
  assert.deepEqual((await issuer.check(token))?.limit, { kind: "exact", access: [], within: limit });
});

test("names of certificates and of identity providers come back whole", async () => {
  await using office = await TokenOffice.open();
  const issuer = await office.issuer();
  for (const one of [
    principal("oidc", "github:repo:acme/app:ref:refs/heads/main", { groups: ["ci"] }),
    principal("cert", "CN=build,O=Acme: Söhne"),
  ]) {
    const { token } = await issuer.issue({ principal: one, access });
    const found = await issuer.check(token);
    assert.deepEqual(
      [found?.id, found?.kind, found?.actor, found?.groups],
      [one.id, one.kind, one.actor, one.groups],
    );
  }
});

test("an anonymous token is for nobody in particular", async () => {
  await using office = await TokenOffice.open();
  const issuer = await office.issuer();
  const { token, expireTime } = await issuer.issue({ principal: ANONYMOUS, access });
  assert.equal(decodeJwt(token).sub, "");
  assert.deepEqual(await issuer.check(token), {
    ...ANONYMOUS,
    limit: { kind: "exact", access },
    expireTime: expireTime + MINUTE,
  });
});

test("a token ends no later than the credential it was had for", async () => {
  await using office = await TokenOffice.open();
  const issuer = await office.issuer();
  const end = office.clock.time + 90_500;
  const ending = principal("user", "alice", { expireTime: end });
  const { expireTime } = await issuer.issue({ principal: ending, access });
  assert.equal(expireTime, office.clock.time + 90_000);
  office.clock.time = end;
  assert.match(await refusal(issuer.issue({ principal: ending, access })), /^UNAUTHORIZED: .*expired/);
});

test("a token is good up to a minute after it expired, and no longer", async () => {
  await using office = await TokenOffice.open();
  const issuer = await office.issuer();
  const { token, expireTime } = await issuer.issue({ principal: alice, access });
  office.clock.time = expireTime + MINUTE - 1000;
  assert.equal((await issuer.check(token))?.id, "user:alice");
  office.clock.time = expireTime + MINUTE;
  assert.match(await refusal(issuer.check(token)), /^UNAUTHORIZED: .*expired/);
});

test("scopes that would make a token too long for a header are refused", async () => {
  await using office = await TokenOffice.open();
  const issuer = await office.issuer();
  const many = Array.from({ length: 100 }, (_, index) => ({
    type: "repository",
    name: `acme/${"x".repeat(200)}${index}`,
    actions: ["pull"],
  }));
  assert.match(
    await refusal(issuer.issue({ principal: alice, access: many })),
    /^REQUEST_INVALID: .*characters/,
  );
});

test("what is no token of ours is left to others", async () => {
  await using office = await TokenOffice.open();
  const issuer = await office.issuer();
  const other = await office.issuer({ issuer: "https://elsewhere.example.com" });
  const { token } = await other.issue({ principal: alice, access });
  for (const text of [token, "", "stow_abc", "a.b", "not a token at all"])
    assert.equal(await issuer.check(text), undefined, text);
});

interface Forger {
  readonly issuer: Issuer;
  /** Ours, as the catalogue has it. */
  readonly key: KeyObject;
  readonly header: { readonly alg: string; readonly typ: string; readonly kid: string };
  readonly claims: Readonly<Record<string, unknown>>;
  readonly time: number;
}

/** With everything that somebody could know, and more: our private key, to change one thing at a time. */
async function forger(office: TokenOffice): Promise<Forger> {
  const issuer = await office.issuer();
  const { token } = await issuer.issue({ principal: alice, access });
  const [record] = (await office.metadata.get(signingKeysKey))?.keys ?? [];
  assert.ok(record !== undefined);
  const key = createPrivateKey({ key: { ...record.privateKey }, format: "jwk" });
  const header = { alg: "ES256", typ: "JWT", kid: record.id };
  return { issuer, key, header, claims: decodeJwt(token), time: office.clock.time / 1000 };
}

test("the forger's own tokens are good as long as nothing is wrong with them", async () => {
  await using office = await TokenOffice.open();
  const { issuer, key, header, claims } = await forger(office);
  const token = forge({ header, claims, signature: signedBy(key) });
  assert.equal((await issuer.check(token))?.id, "user:alice");
});

const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });

const ATTACKS: Readonly<Record<string, (known: Forger) => string>> = {
  "no signature, alg none": ({ header, claims }) =>
    forge({ header: { ...header, alg: "none" }, claims, signature: () => "" }),
  "alg none with a signature": ({ header, claims, key }) =>
    forge({ header: { ...header, alg: "none" }, claims, signature: signedBy(key) }),
  "HS256 with the public key in PEM": ({ header, claims, key }) => {
    const pem = createPublicKey(key).export({ type: "spki", format: "pem" });
    return forge({ header: { ...header, alg: "HS256" }, claims, signature: authenticatedBy(pem) });
  },
  "HS256 with the public key in DER": ({ header, claims, key }) => {
    const der = createPublicKey(key).export({ type: "spki", format: "der" });
    return forge({ header: { ...header, alg: "HS256" }, claims, signature: authenticatedBy(der) });
  },
  "another key under our kid": ({ header, claims }) =>
    forge({ header, claims, signature: signedBy(stranger.privateKey) }),
  "another key under its own kid": ({ header, claims }) =>
    forge({ header: { ...header, kid: "mine" }, claims, signature: signedBy(stranger.privateKey) }),
  "another key in the header": ({ header, claims }) => {
    const jwk = stranger.publicKey.export({ format: "jwk" });
    return forge({ header: { ...header, jwk }, claims, signature: signedBy(stranger.privateKey) });
  },
  "no kid": ({ header: { kid: _kid, ...header }, claims, key }) =>
    forge({ header, claims, signature: signedBy(key) }),
  "an empty kid": ({ header, claims, key }) =>
    forge({ header: { ...header, kid: "" }, claims, signature: signedBy(key) }),
  "a kid that is a path": ({ header, claims, key }) =>
    forge({ header: { ...header, kid: "../y/signing" }, claims, signature: signedBy(key) }),
  "a kid that is no text": ({ header, claims, key }) =>
    forge({ header: { ...header, kid: [header.kid] }, claims, signature: signedBy(key) }),
  "something critical": ({ header, claims, key }) =>
    forge({ header: { ...header, crit: ["exp"] }, claims, signature: signedBy(key) }),
  "another audience": ({ header, claims, key }) =>
    forge({ header, claims: { ...claims, aud: "elsewhere" }, signature: signedBy(key) }),
  "no audience": ({ header, claims: { aud: _aud, ...claims }, key }) =>
    forge({ header, claims, signature: signedBy(key) }),
  "no expiry": ({ header, claims: { exp: _exp, ...claims }, key }) =>
    forge({ header, claims, signature: signedBy(key) }),
  expired: ({ header, claims, key, time }) =>
    forge({ header, claims: { ...claims, exp: time - 61 }, signature: signedBy(key) }),
  "not valid yet": ({ header, claims, key, time }) =>
    forge({ header, claims: { ...claims, nbf: time + 61 }, signature: signedBy(key) }),
  "no access": ({ header, claims: { access: _access, ...claims }, key }) =>
    forge({ header, claims, signature: signedBy(key) }),
  "a principal of no kind": ({ header, claims, key }) =>
    forge({ header, claims: { ...claims, principal: "root:alice" }, signature: signedBy(key) }),
  "no principal": ({ header, claims: { principal: _principal, ...claims }, key }) =>
    forge({ header, claims, signature: signedBy(key) }),
};

for (const [name, attack] of Object.entries(ATTACKS))
  test(`a token is refused: ${name}`, async () => {
    await using office = await TokenOffice.open();
    const known = await forger(office);
    await assert.rejects(known.issuer.check(attack(known)), (error) => {
      assert.ok(error instanceof Unauthorized, String(error));
      assert.equal(error.tokenError, "invalid_token");
      return true;
    });
  });

test("a token whose parts were changed or swapped is refused", async () => {
  await using office = await TokenOffice.open();
  const issuer = await office.issuer();
  const { token } = await issuer.issue({ principal: alice, access });
  const { token: other } = await issuer.issue({ principal: principal("user", "bob"), access: [] });
  const [header, , signature] = token.split(".");
  const wider = [{ type: "registry", name: "admin", actions: ["*"] }];
  const tampered = Buffer.from(JSON.stringify({ ...decodeJwt(token), access: wider })).toString("base64url");
  for (const claims of [tampered, other.split(".")[1]])
    assert.match(await refusal(issuer.check(`${header}.${claims}.${signature}`)), /signature is wrong/);
});

test("tokens of another registry with the same configuration are refused", async () => {
  await using office = await TokenOffice.open();
  await using elsewhere = await TokenOffice.open();
  const { token } = await (await elsewhere.issuer()).issue({ principal: alice, access });
  assert.match(await refusal((await office.issuer()).check(token)), /key that signed it is unknown/);
});

test("a token of 100,000 characters is refused before anything is made of it", async () => {
  await using office = await TokenOffice.open();
  assert.match(
    await refusal((await office.issuer()).check(`${"e".repeat(100_000)}.e.e`)),
    /100004 characters/,
  );
});

test("the lifetime is the configuration's", async () => {
  await using office = await TokenOffice.open();
  const issuer = await office.issuer({ lifetimeMs: 2 * CONFIG.lifetimeMs });
  const { issueTime, expireTime } = await issuer.issue({ principal: alice, access });
  assert.equal(expireTime - issueTime, 10 * MINUTE);
});

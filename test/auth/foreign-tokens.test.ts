// Tokens of a token server elsewhere: the good ones, and the ways to make bad ones.
import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, afterEach, before, suite, test } from "node:test";
import { type JWTHeaderParameters, type JWTPayload, SignJWT } from "jose";
import { Unauthorized } from "../../src/auth/credentials.ts";
import { ForeignTokens } from "../../src/auth/foreign-tokens.ts";
import type { TokenConfig } from "../../src/config/access.ts";
import { libtrustIdOf, thumbprintOf } from "../../src/oci/key-ids.ts";
import { SIGNATURE_ALGORITHMS } from "../../src/oci/signature-algorithms.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { authenticatedBy, forge, signedBy } from "./forge.ts";

const NOW = Date.parse("2026-05-05T12:00:00Z");
const SECONDS = NOW / 1000;
const SECRET = randomBytes(32);
const ACCESS = [{ type: "repository", name: "acme/app", actions: ["pull", "push"] }];
const CLAIMS = { iss: "tokens.example.com", aud: "registry.example.com", sub: "alice", access: ACCESS };
const GOOD = { ...CLAIMS, exp: SECONDS + 300, nbf: SECONDS - 10 };

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const curve = generateKeyPairSync("ec", { namedCurve: "P-256" });
const edwards = generateKeyPairSync("ed25519");
const weak = generateKeyPairSync("rsa", { modulusLength: 1024 });
const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 });
const HEADER = { alg: "RS256", kid: "rsa", typ: "JWT" };

const publicJwk = (key: KeyObject, more: object) => ({ ...key.export({ format: "jwk" }), ...more });
const KEYS = [
  publicJwk(rsa.publicKey, { kid: "rsa" }),
  publicJwk(curve.publicKey, { kid: "curve", use: "sig" }),
  publicJwk(edwards.publicKey, { kid: "edwards" }),
  publicJwk(weak.publicKey, { kid: "weak" }),
  publicJwk(stranger.publicKey, { kid: "wrapping", use: "enc" }),
  publicJwk(curve.publicKey, { kid: "only-384", alg: "ES384" }),
  { kty: "oct", kid: "secret", k: SECRET.toString("base64url") },
  { kty: "AKP", kid: "of-tomorrow", pub: "AAAA" },
];

interface Signing {
  readonly claims?: JWTPayload;
  readonly header?: JWTHeaderParameters;
  readonly key?: KeyObject | Uint8Array;
}

function make({ claims = GOOD, header = HEADER, key = rsa.privateKey }: Signing = {}): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}

suite("tokens of a token server", () => {
  let directory: string;
  let opened: ForeignTokens[] = [];
  let tokens: ForeignTokens;

  const open = async (more: Partial<TokenConfig> = {}) => {
    const config: TokenConfig = {
      realm: "https://tokens.example.com/token",
      service: "registry.example.com",
      issuer: "tokens.example.com",
      jwks: join(directory, "keys.json"),
      signingAlgorithms: SIGNATURE_ALGORITHMS,
      autoRedirect: false,
      autoRedirectPath: "/auth/token",
      ...more,
    };
    const authority = await ForeignTokens.open({ config, now: () => NOW, report: () => {} });
    opened.push(authority);
    return authority;
  };
  const write = (name: string, content: unknown) =>
    writeFile(join(directory, name), typeof content === "string" ? content : JSON.stringify(content));
  const refuses = (token: string, words: RegExp, by: ForeignTokens = tokens) =>
    assert.rejects(by.check(token), (error) => {
      assert.ok(error instanceof Unauthorized, String(error));
      assert.equal(error.tokenError, "invalid_token");
      assert.match(error.message, words);
      return true;
    });

  before(async () => {
    directory = await makeTemporaryDirectory();
    await write("keys.json", { keys: KEYS });
    tokens = await open();
    opened = [];
  });
  afterEach(() => {
    for (const authority of opened.splice(0)) authority.close();
  });
  after(async () => {
    tokens.close();
    await removeTemporaryDirectory(directory);
  });

  test("a good token says who it is, what it is for, and when it ends", async () => {
    assert.deepEqual(await tokens.check(await make()), {
      kind: "user",
      id: "user:alice",
      actor: "alice",
      groups: [],
      limit: { kind: "exact", access: ACCESS },
      expireTime: NOW + 360_000,
      isForeign: true,
    });
  });

  test("without a subject it is nobody, who may do what the token says", async () => {
    for (const sub of ["", undefined]) {
      const who = await tokens.check(await make({ claims: JSON.parse(JSON.stringify({ ...GOOD, sub })) }));
      assert.equal(who?.kind, "anonymous");
      assert.equal(who?.id, "anonymous");
      assert.equal(who?.actor, undefined);
      assert.equal(who?.isForeign, true);
      assert.deepEqual(who?.limit, { kind: "exact", access: ACCESS });
    }
  });

  test("other credentials are left to others", async () => {
    assert.equal(await tokens.check("stow_abcdefghijklmnopqrstuv"), undefined);
  });

  test("every algorithm that goes with a key is taken", async () => {
    const good: readonly (readonly [string, string, KeyObject | Uint8Array])[] = [
      ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].map(
        (alg) => [alg, "rsa", rsa.privateKey] as const,
      ),
      ["ES256", "curve", curve.privateKey],
      ["EdDSA", "edwards", edwards.privateKey],
      ...["HS256", "HS384", "HS512"].map((alg) => [alg, "secret", SECRET] as const),
    ];
    for (const [alg, kid, key] of good) {
      const who = await tokens.check(await make({ header: { alg, kid }, key }));
      assert.equal(who?.id, "user:alice", alg);
    }
  });

  test("unknown types of resources are kept, and what is no resource allows nothing", async () => {
    const plugin = { type: "repository", class: "plugin", name: "a", actions: ["pull"] };
    const other = { type: "weather", name: "tomorrow", actions: ["*"] };
    const access = [
      plugin,
      other,
      7,
      null,
      { type: "repository" },
      { type: "repository", name: "b", actions: "pull" },
    ];
    const who = await tokens.check(await make({ claims: { ...GOOD, access } }));
    assert.deepEqual(who?.limit?.access, [plugin, other]);
    for (const nothing of [undefined, null, []]) {
      const token = await make({ claims: { ...GOOD, access: nothing } });
      assert.deepEqual((await tokens.check(token))?.limit?.access, []);
    }
    await refuses(await make({ claims: { ...GOOD, access: "repository:a:pull" } }), /"access" is no list/);
    await refuses(await make({ claims: { ...GOOD, access: Array(1001).fill(0) } }), /at most 1000/);
  });

  test("the audience may be one of several", async () => {
    const token = await make({ claims: { ...GOOD, aud: ["other", "registry.example.com"] } });
    assert.equal((await tokens.check(token))?.id, "user:alice");
  });

  test("claims that are not as they must be are refused", async () => {
    const table: readonly (readonly [Record<string, unknown>, RegExp])[] = [
      [{ aud: "other.example.com" }, /"aud" is "other.example.com"; it must contain "registry.example.com"/],
      [{ aud: "xregistry.example.com" }, /"aud"/],
      [{ aud: ["other"] }, /"aud"/],
      [{ aud: [["registry.example.com"]] }, /"aud"/],
      [{ aud: { "registry.example.com": 1 } }, /"aud"/],
      [{ aud: undefined }, /no "aud"/],
      [{ iss: "tokens.example.com/" }, /"iss" is "tokens.example.com\/"/],
      [{ iss: ["tokens.example.com"] }, /"iss"/],
      [{ iss: undefined }, /no "iss"/],
      [{ exp: SECONDS - 61 }, /expired/],
      [{ exp: undefined }, /no "exp"/],
      [{ exp: String(SECONDS + 300) }, /"exp" is no number/],
      [{ exp: 1e300 }, /"exp" is no time/],
      [{ nbf: SECONDS + 61 }, /not valid yet/],
      [{ nbf: "tomorrow" }, /"nbf" is no number/],
      [{ iat: SECONDS + 61 }, /"iat" lies in the future/],
      [{ sub: 7 }, /"sub" is no text/],
      [{ sub: "a".repeat(513) }, /at most 512/],
      [{ sub: "alice\nadmin logged in" }, /"sub"/],
      [{ sub: "alice\u202egnp" }, /"sub"/],
    ];
    for (const [claims, words] of table) {
      const payload = JSON.parse(JSON.stringify({ ...GOOD, ...claims })) as JWTPayload;
      await refuses(await make({ claims: payload }), words);
    }
  });

  test("clocks may be a minute apart", async () => {
    const claims = { ...GOOD, exp: SECONDS - 59, nbf: SECONDS + 59, iat: SECONDS + 59 };
    assert.equal((await tokens.check(await make({ claims })))?.expireTime, NOW + 1000);
  });

  test('"alg: none" is refused, with any signature and however it is written', async () => {
    for (const alg of ["none", "None", "NONE", "nOnE"])
      for (const signature of [() => "", () => "AA", signedBy(stranger.privateKey)])
        await refuses(forge({ header: { ...HEADER, alg }, claims: GOOD, signature }), /none|no signature/i);
    await assert.rejects(open({ signingAlgorithms: ["RS256", "none"] }), /"none" is no algorithm/);
  });

  test("a token without its signature, or with somebody else's, is refused", async () => {
    const token = await make();
    await refuses(token.slice(0, token.lastIndexOf(".") + 1), /no signature/);
    await refuses(await make({ key: stranger.privateKey }), /signature is wrong/);
    const [header, , signature] = token.split(".");
    const claims = Buffer.from(JSON.stringify({ ...GOOD, sub: "admin" })).toString("base64url");
    await refuses(`${header}.${claims}.${signature}`, /signature is wrong/);
  });

  test("HS256 with a public key as the secret is refused, in every form that key has", async () => {
    const pem = rsa.publicKey.export({ type: "spki", format: "pem" });
    const der = rsa.publicKey.export({ type: "spki", format: "der" });
    const jwk = JSON.stringify(KEYS[0]);
    for (const secret of [pem, pem.toString().trim(), der, jwk, ""])
      for (const kid of ["rsa", thumbprintOf(rsa.publicKey), libtrustIdOf(rsa.publicKey)]) {
        const header = { alg: "HS256", kid };
        await refuses(
          forge({ header, claims: GOOD, signature: authenticatedBy(secret) }),
          /does not go with the key/,
        );
      }
  });

  test("a secret does not check what asks for a public key, nor a key what is for another algorithm", async () => {
    const table: readonly (readonly [string, string])[] = [
      ["RS256", "secret"],
      ["ES256", "rsa"],
      ["RS256", "curve"],
      ["ES384", "curve"],
      ["EdDSA", "curve"],
      ["ES256", "only-384"],
    ];
    for (const [alg, kid] of table) {
      const token = forge({ header: { alg, kid }, claims: GOOD, signature: signedBy(curve.privateKey) });
      await refuses(token, /does not go with the key/);
    }
  });

  test("algorithms that the operator did not allow are refused, and so are weak keys", async () => {
    const narrow = await open({ signingAlgorithms: ["ES256"] });
    await refuses(await make(), /"alg" is "RS256", which is not allowed/, narrow);
    const token = forge({
      header: { alg: "RS256", kid: "weak" },
      claims: GOOD,
      signature: signedBy(weak.privateKey),
    });
    await refuses(token, /cannot be checked/);
  });

  test('"kid" is a name and nothing else', async () => {
    await write("empty.key", "");
    const kids = [
      join(directory, "keys.json"),
      `file://${join(directory, "empty.key")}`,
      "../../../../dev/null",
      "rsa\u0000",
      "RSA",
      "",
      "__proto__",
      "wrapping",
      "of-tomorrow",
      "' OR 1=1 --",
    ];
    for (const kid of kids) {
      const header = { alg: "HS256", kid };
      await refuses(
        forge({ header, claims: GOOD, signature: authenticatedBy("") }),
        /no trusted key is called so/,
      );
      await refuses(
        await make({ header: { alg: "RS256", kid }, key: stranger.privateKey }),
        /no trusted key/,
      );
    }
    for (const kid of [["rsa"], { 0: "rsa" }, 7, true, null]) {
      const token = forge({
        header: { alg: "RS256", kid },
        claims: GOOD,
        signature: signedBy(rsa.privateKey),
      });
      await refuses(token, /"kid" in its header is no text/);
    }
    await refuses(await make({ header: { alg: "RS256" } }), /names no key/);
    await refuses(
      await make({
        header: { alg: "ES256", kid: "curve" },
        key: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
      }),
      /signature is wrong/,
    );
  });

  test("a key in the header counts only when it is a trusted one, whatever it is called there", async () => {
    const own = publicJwk(rsa.publicKey, {});
    assert.equal((await tokens.check(await make({ header: { alg: "RS256", jwk: own } })))?.id, "user:alice");
    const theirs = publicJwk(stranger.publicKey, { kid: "rsa" });
    const names = ["rsa", thumbprintOf(rsa.publicKey) ?? "", libtrustIdOf(rsa.publicKey)];
    for (const kid of names) {
      const header = { alg: "RS256", kid, jwk: { ...theirs, kid } };
      await refuses(await make({ header, key: stranger.privateKey }), /"jwk" in its header is not trusted/);
    }
    const secret = { kty: "oct", k: SECRET.toString("base64url"), kid: "secret" };
    const header = { alg: "HS256", kid: "secret", jwk: secret };
    await refuses(forge({ header, claims: GOOD, signature: authenticatedBy(SECRET) }), /no public key/);
    await refuses(
      forge({ header: { alg: "RS256", jwk: {} }, claims: GOOD, signature: () => "AA" }),
      /no public key/,
    );
  });

  test("places of keys in the header are not looked at", async () => {
    const jku = "http://127.0.0.1:1/keys";
    const good = await make({ header: { alg: "RS256", kid: "rsa", jku, x5u: jku } });
    assert.equal((await tokens.check(good))?.id, "user:alice");
    await refuses(
      await make({ header: { alg: "RS256", kid: "theirs", jku, x5u: jku }, key: stranger.privateKey }),
      /no trusted key/,
    );
    await refuses(
      await make({ header: { alg: "RS256", jku, x5u: jku }, key: stranger.privateKey }),
      /names no key/,
    );
  });

  test("critical members, members of the same name and huge tokens are refused though the signature is right", async () => {
    const signature = signedBy(rsa.privateKey);
    await refuses(forge({ header: { ...HEADER, crit: ["exp"], exp: 1 }, claims: GOOD, signature }), /"crit"/);
    await refuses(forge({ header: { ...HEADER, crit: [] }, claims: GOOD, signature }), /"crit"/);
    await refuses(
      forge({ header: { ...HEADER, b64: false, crit: ["b64"] }, claims: GOOD, signature }),
      /"crit"/,
    );
    const twice = JSON.stringify(GOOD).replace('"sub":"alice"', '"sub":"alice","sub":"admin"');
    await refuses(forge({ header: HEADER, claims: twice, signature }), /claims has two members/);
    await refuses(await make({ claims: { ...GOOD, pad: "x".repeat(16_384) } }), /at most 16384/);
  });

  test("no refusal shows the token or a secret", async () => {
    const marker = "hunter2".repeat(20);
    const bad = [
      await make({ claims: { ...GOOD, note: marker, exp: 1 } }),
      forge({ header: HEADER, claims: `{"note":"${marker}"`, signature: () => "AA" }),
      forge({ header: { alg: "HS256", kid: "secret" }, claims: GOOD, signature: authenticatedBy("wrong") }),
    ];
    for (const token of bad) {
      const shown = await tokens.check(token).then(
        () => "accepted",
        (error: Error) => `${error} ${error.stack} ${error.cause}`,
      );
      assert.doesNotMatch(shown, /hunter2|accepted/);
      assert.equal(shown.includes(token.split(".")[2] ?? "") && !token.endsWith(".AA"), false);
      assert.equal(shown.includes(SECRET.toString("base64url")), false);
    }
  });

  test("files of keys that cannot be used are named, with the reason and without the secret", async () => {
    const table: readonly (readonly [string, unknown, RegExp])[] = [
      ["not.json", "{hunter2", /not\.json" cannot be used: it is no JSON$/],
      ["list.json", [], /list "keys"/],
      ["none.json", { keys: [] }, /none of its "keys"/],
      ["enc.json", { keys: [{ ...KEYS[0], use: "enc" }] }, /none of its "keys"/],
      ["broken.json", { keys: [{ kty: "RSA", n: "hunter2" }] }, /key 1 in it cannot be read as "RSA"$/],
      [
        "short.json",
        { keys: [KEYS[0], { kty: "oct", k: "aHVudGVyMg" }] },
        /key 2 in it has 7 bytes; a secret needs 32$/,
      ],
    ];
    for (const [name, content, words] of table) {
      await write(name, content);
      await assert.rejects(open({ jwks: join(directory, name) }), (error: Error) => {
        assert.match(error.message, words);
        assert.match(error.message, new RegExp(name));
        assert.doesNotMatch(error.message, /hunter2|aHVudGVyMg/);
        return true;
      });
    }
    await assert.rejects(open({ jwks: join(directory, "missing.json") }), /missing\.json/);
    await write("no.pem", "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n");
    await assert.rejects(
      open({ rootCertBundle: join(directory, "no.pem") }),
      /no\.pem.*holds no certificate/,
    );
    await write("bad.pem", "-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n");
    await assert.rejects(
      open({ rootCertBundle: join(directory, "bad.pem") }),
      /bad\.pem.*certificate 1 in it cannot be read$/,
    );
  });

  test("a key set that changes counts from then on, and who remembers tokens is told", async () => {
    await write("changing.json", { keys: [publicJwk(rsa.publicKey, { kid: "rsa" })] });
    const authority = await open({ jwks: join(directory, "changing.json") });
    const token = await make();
    assert.equal((await authority.check(token))?.id, "user:alice");
    const changed = new Promise<void>((resolve) => authority.onChange(resolve));
    await write("changing.json", { keys: [publicJwk(createPublicKey(stranger.privateKey), { kid: "new" })] });
    await changed;
    await refuses(token, /no trusted key/, authority);
    const fresh = await make({ header: { alg: "RS256", kid: "new" }, key: stranger.privateKey });
    assert.equal((await authority.check(fresh))?.id, "user:alice");
  });
});

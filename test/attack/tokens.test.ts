// Tokens that must not open anything, with every way in: the Docker API, Connect,
// gRPC, and as the password of Basic credentials. Each differs in one thing from a
// token that does open, and is answered exactly as nonsense is.
import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { after, before, suite, test } from "node:test";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { SigningKeys } from "../../src/auth/signing-keys.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { signingKeysKey } from "../../src/metadata/keys.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { dataFolder } from "../../src/stores.ts";
import { authenticatedBy, forge, signedBy } from "../auth/forge.ts";
import { Authority } from "../support/certificates.ts";
import { lacking } from "../support/required-tools.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { Doors, NONSENSE, PATH, SCOPE } from "./doors.ts";
import { ask, basic, bearer, type Fortress, fetchToken, openFortress, push } from "./fortress.ts";

/** Everything that an attacker can have, and the key, which none has. */
interface Rig {
  readonly token: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** The registry's own. */
  readonly key: KeyObject;
  /** The attacker's. */
  readonly mine: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  /** The attacker's server, which publishes the attacker's key. */
  readonly lair: { readonly url: string; readonly visits: string[] };
}

let fortress: Fortress;
let rig: Rig;
let doors: Doors;
let close: () => Promise<void>;

before(async () => {
  let key: KeyObject | undefined;
  fortress = await openFortress({
    prepare: async (folder) => {
      key = await makeSigningKey(folder);
    },
  });
  doors = new Doors(fortress);
  await push(fortress.host, { repository: "acme/app", tag: "v1", text: "tokens" });
  const token = await fetchToken(fortress.host, SCOPE, basic("alice"));
  const mine = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const lair = await openLair(mine.publicKey);
  assert.ok(key !== undefined);
  rig = { token, header: { ...decodeProtectedHeader(token) }, claims: decodeJwt(token), key, mine, lair };
  close = lair.close;
});

after(async () => {
  assert.deepEqual(rig.lair.visits, [], "nobody goes where a token sends them");
  await close();
  await fortress[Symbol.asyncDispose]();
});

/** Makes the key that the registry in the folder will sign with, which nobody else could know. */
async function makeSigningKey(folder: string): Promise<KeyObject> {
  const metadata = new Catalogue(await LevelEngine.open(resolve(dataFolder(folder), "metadata")));
  try {
    const day = 24 * 60 * 60 * 1000;
    const common = { metadata, now: Date.now, report: () => undefined };
    await new SigningKeys({ ...common, rotationMs: 30 * day, lifetimeMs: day }).sign({});
    const [first] = (await metadata.get(signingKeysKey))?.keys ?? [];
    assert.ok(first !== undefined);
    return createPrivateKey({ key: { ...first.privateKey }, format: "jwk" });
  } finally {
    await metadata.close();
  }
}

async function openLair(publicKey: KeyObject) {
  const visits: string[] = [];
  const server = createServer((request, response) => {
    visits.push(request.url ?? "");
    response.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "mine" }] }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const end = () => new Promise<void>((ended) => server.close(() => ended()));
  return { url, visits, close: end };
}

/** With the registry's key: only the claims, or what else is said of the token, can be wrong with it. */
function genuine(claims: object, header: object = {}): string {
  return forge({
    header: { ...rig.header, ...header },
    claims: { ...rig.claims, ...claims },
    signature: signedBy(rig.key),
  });
}

/** With the attacker's key. */
function mine(header: object): string {
  return forge({
    header: { ...rig.header, ...header },
    claims: rig.claims,
    signature: signedBy(rig.mine.privateKey),
  });
}

function unsigned(alg: string, signature = ""): string {
  return forge({ header: { ...rig.header, alg }, claims: rig.claims, signature: () => signature });
}

/** The signature is a keyed hash, with what everybody knows of the key as its key. */
function keyed(secret: string | Buffer): string {
  return forge({
    header: { ...rig.header, alg: "HS256" },
    claims: rig.claims,
    signature: authenticatedBy(secret),
  });
}

const jwkOf = (key: KeyObject) => key.export({ format: "jwk" });

const now = () => Math.floor(Date.now() / 1000);

async function publishedKeys(): Promise<string> {
  return (await ask(fortress.host, { path: "/auth/keys" })).body.toString();
}

async function publishedKey(): Promise<KeyObject> {
  const { keys } = JSON.parse(await publishedKeys());
  return createPublicKey({ key: keys[0], format: "jwk" });
}

/** A token of the registry's own, with another character in the middle of its last part. */
function mistyped(token: string): string {
  const place = token.length - 20;
  return `${token.slice(0, place)}${token[place] === "A" ? "B" : "A"}${token.slice(place + 1)}`;
}

const FORGERIES: Readonly<Record<string, () => string | Promise<string>>> = {
  'without a signature, "alg" none': () => unsigned("none"),
  'without a signature, "alg" nOnE': () => unsigned("nOnE"),
  "without a signature": () => unsigned("ES256"),
  'with the old signature, "alg" none': () => unsigned("none", rig.token.split(".")[2]),
  "with a signature of zeros": () => unsigned("ES256", Buffer.alloc(64).toString("base64url")),
  "with a signature in DER form": () =>
    forge({
      header: rig.header,
      claims: rig.claims,
      signature: (input) => sign("sha256", Buffer.from(input), rig.key).toString("base64url"),
    }),
  "with the key of another": () => mine({}),
  "with the key of another in its header": () => mine({ jwk: jwkOf(rig.mine.publicKey) }),
  "with the key of another in its header and no id": () =>
    mine({ kid: undefined, jwk: jwkOf(rig.mine.publicKey) }),
  "with a jku": () => mine({ kid: "mine", jku: `${rig.lair.url}/keys` }),
  "with a jku and the right id": () => mine({ jku: `${rig.lair.url}/keys` }),
  "with an x5u": () => mine({ kid: "mine", x5u: `${rig.lair.url}/certificate` }),
  "with the right key under another id": () => genuine({}, { kid: "other" }),
  "with the right key under no id": () => genuine({}, { kid: undefined }),
  "with an empty key id": () => mine({ kid: "" }),
  "without a key id": () => mine({ kid: undefined }),
  "with a path as key id": () => mine({ kid: "../../../../dev/null" }),
  "with a URL as key id": () => mine({ kid: `${rig.lair.url}/keys` }),
  "with NUL behind the key id": () => mine({ kid: `${String(rig.header.kid)}\0` }),
  "with a list of key ids": () => mine({ kid: [rig.header.kid] }),
  "with a member of every object as key id": () => mine({ kid: "__proto__" }),
  "authenticated with the published keys": async () => keyed(await publishedKeys()),
  "authenticated with the published key as PEM": async () =>
    keyed((await publishedKey()).export({ type: "spki", format: "pem" })),
  "authenticated with the published key as DER": async () =>
    keyed((await publishedKey()).export({ type: "spki", format: "der" })),
  "authenticated with the published key as JWK": async () =>
    keyed(JSON.stringify(jwkOf(await publishedKey()))),
  "authenticated with nothing": () => keyed(""),
  "for another audience": () => genuine({ aud: "elsewhere" }),
  "for no audience": () => genuine({ aud: undefined }),
  "for an audience that begins the same": () => genuine({ aud: `${String(rig.claims.aud)}.example.com` }),
  "of another issuer": () => genuine({ iss: "elsewhere" }),
  "of no issuer": () => genuine({ iss: undefined }),
  "of a list of issuers": () => genuine({ iss: [rig.claims.iss] }),
  "of the future": () => genuine({ nbf: now() + 600 }),
  "made in the future": () => genuine({ iat: now() + 600, nbf: undefined }),
  "that has expired": () => genuine({ nbf: now() - 900, iat: now() - 900, exp: now() - 300 }),
  "without an end": () => genuine({ exp: undefined }),
  "with text as its end": () => genuine({ exp: "9999999999" }),
  "with an end beyond all times": () => genuine({ exp: 1e300 }),
  "with something critical": () => genuine({}, { crit: ["exp"] }),
  "with unencoded claims": () => genuine({}, { b64: false, crit: ["b64"] }),
  "of nobody": () => genuine({ principal: undefined, sub: "root" }),
  "of somebody who is not there": () => genuine({ principal: "user:mallory" }),
  "of a user who is a robot": () => genuine({ principal: "user:ci" }),
  "with more in it than was signed": () => {
    const [header, , signature] = rig.token.split(".");
    const access = [{ type: "repository", name: "secret/x", actions: ["pull"] }];
    const claims = Buffer.from(JSON.stringify({ ...rig.claims, access })).toString("base64url");
    return `${header}.${claims}.${signature}`;
  },
  "with one letter of its signature changed": () => mistyped(rig.token),
  "with four parts": () => `${rig.token}.${rig.token.split(".")[2]}`,
  "with padding": () => `${rig.token}==`,
  "that is huge": () => genuine({ padding: "a".repeat(14_000) }),
};

suite("a token", () => {
  test("that is good opens, also when it is made by hand with the registry's key", async () => {
    for (const token of [rig.token, genuine({}), genuine({ nbf: now() - 5, iat: now() - 5 })])
      await doors.assertOpen(token);
  });

  test("that is nonsense is answered with invalid_token, and the way to a better one", async () => {
    const authorization = bearer(NONSENSE);
    const { status, headers, body } = await ask(fortress.host, { path: PATH, authorization });
    assert.equal(status, 401);
    const realm = `Bearer realm="${fortress.url}/auth/token",service="stowage"`;
    assert.equal(headers["www-authenticate"], `${realm},scope="${SCOPE}",error="invalid_token"`);
    const { errors } = JSON.parse(body.toString());
    assert.deepEqual(
      [errors.length, errors[0].code, errors[0].message],
      [1, "UNAUTHORIZED", "the token is not valid here, or not any more"],
    );
  });

  for (const [name, make] of Object.entries(FORGERIES))
    test(`${name} is answered as nonsense is`, async () => doors.assertLikeNonsense(await make()));

  test("with a certificate of the attacker's in its header is answered so", {
    skip: lacking("openssl"),
  }, async () => {
    const directory = await makeTemporaryDirectory();
    const authority = await Authority.make(directory);
    const pem = await authority.text();
    await removeTemporaryDirectory(directory);
    const certificate = pem.replaceAll(/-----[^-]+-----|\s/g, "");
    await doors.assertLikeNonsense(mine({ x5c: [certificate] }));
  });

  test("for one repository does not open another, and says which one would", async () => {
    const path = "/v2/acme/other/tags/list";
    const { status, headers } = await ask(fortress.host, { path, authorization: bearer(rig.token) });
    assert.equal(status, 401);
    assert.match(
      headers["www-authenticate"] ?? "",
      /scope="repository:acme\/other:pull",error="insufficient_scope"$/,
    );
  });

  test("is not had for more than its owner may do", async () => {
    const token = await fetchToken(fortress.host, "repository:secret/x:pull", basic("alice"));
    assert.deepEqual(decodeJwt(token).access, []);
  });
});

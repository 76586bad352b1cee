// Tokens that bring their certificates with them.
import assert from "node:assert/strict";
import type { KeyObject } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { SignJWT } from "jose";
import { Unauthorized } from "../../src/auth/credentials.ts";
import { ForeignTokens } from "../../src/auth/foreign-tokens.ts";
import { libtrustIdOf, thumbprintOf } from "../../src/oci/key-ids.ts";
import { lacking } from "../support/required-tools.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { type Made, makeCertificate, type Order } from "./certificate-workshop.ts";
import { authenticatedBy, forge } from "./forge.ts";

const DAY = 24 * 60 * 60 * 1000;

suite("certificates that tokens bring", { skip: lacking("openssl") }, () => {
  let directory: string;
  let tokens: ForeignTokens;
  /** What the registry takes for today. */
  let now: number;
  let [root, shortRoot, plain, middle, shortMiddle, leaf, deepLeaf]: Made[] = [];
  let [shortLeaf, underLeaf, underShort, evilRoot, evilLeaf, twin]: Made[] = [];

  const make = (name: string, days: number, more: Partial<Order> = {}) =>
    makeCertificate(directory, { name, days, isAuthority: false, ...more });
  const known = (made: Made | undefined): Made => made ?? assert.fail("it was not made");
  const sign = (header: object, key: KeyObject) =>
    new SignJWT({ iss: "server", aud: "registry", sub: "alice", exp: Math.floor(now / 1000) + 300 })
      .setProtectedHeader({ alg: "ES256", ...header })
      .sign(key);
  const bring = (...chain: (Made | undefined)[]) => {
    const x5c = chain.map((made) => known(made).base64);
    return sign({ x5c }, known(chain[0]).key);
  };
  const accepts = async (token: Promise<string>) =>
    assert.equal((await tokens.check(await token))?.id, "user:alice");
  const refuses = async (token: Promise<string>, words: RegExp) =>
    assert.rejects(tokens.check(await token), (error) => {
      assert.ok(error instanceof Unauthorized, String(error));
      assert.equal(error.tokenError, "invalid_token");
      assert.match(error.message, words);
      return true;
    });

  before(async () => {
    directory = await makeTemporaryDirectory();
    root = await make("root", 30, { isAuthority: true });
    shortRoot = await make("short root", 1, { isAuthority: true });
    plain = await make("plain", 30);
    middle = await make("middle", 30, { isAuthority: true, issuer: root });
    shortMiddle = await make("short middle", 1, { isAuthority: true, issuer: root });
    leaf = await make("leaf", 30, { issuer: root });
    deepLeaf = await make("deep leaf", 30, { issuer: middle });
    shortLeaf = await make("short leaf", 1, { issuer: root });
    underLeaf = await make("under leaf", 30, { issuer: leaf });
    underShort = await make("under short", 30, { issuer: shortMiddle });
    evilRoot = await make("evil", 30, { isAuthority: true });
    evilLeaf = await make("evil leaf", 30, { issuer: evilRoot });
    // Its name is the trusted root's, its key is not.
    const elsewhere = await makeTemporaryDirectory();
    twin = await makeCertificate(elsewhere, { name: "root", days: 30, isAuthority: true });
    await removeTemporaryDirectory(elsewhere);
    const bundle = join(directory, "bundle.pem");
    await writeFile(bundle, `# ours\n${root.pem}\n${shortRoot.pem}${plain.pem}`);
    const config = {
      realm: "https://server/token",
      service: "registry",
      issuer: "server",
      rootCertBundle: bundle,
      signingAlgorithms: ["ES256", "HS256"],
      autoRedirect: false,
      autoRedirectPath: "/auth/token",
    };
    now = Date.now() + 60_000; // certificates that the tests make are valid from their making on
    tokens = await ForeignTokens.open({ config, now: () => now, report: () => {} });
  });
  after(async () => {
    tokens?.close();
    await removeTemporaryDirectory(directory);
  });

  test("one that a root issued is good, and so is one that a trusted authority issued", async () => {
    await accepts(bring(leaf));
    await accepts(bring(leaf, root));
    await accepts(bring(deepLeaf, middle));
    await accepts(bring(deepLeaf, middle, root));
  });

  test("one that is in the bundle itself is good, be it an authority or not", async () => {
    await accepts(bring(root));
    await accepts(bring(plain));
  });

  test("keys of the bundle are known by their thumbprint and their libtrust id, and by themselves", async () => {
    for (const { certificate, key } of [known(root), known(plain)]) {
      await accepts(sign({ kid: thumbprintOf(certificate.publicKey) }, key));
      await accepts(sign({ kid: libtrustIdOf(certificate.publicKey) }, key));
      await accepts(sign({ jwk: certificate.publicKey.export({ format: "jwk" }) }, key));
    }
    const key = known(leaf).certificate.publicKey;
    await refuses(sign({ kid: thumbprintOf(key) }, known(leaf).key), /no trusted key is called so/);
  });

  test("the key must be that of the first certificate", async () => {
    const x5c = [known(leaf).base64, known(root).base64];
    await refuses(sign({ x5c }, known(evilLeaf).key), /signature is wrong/);
    await refuses(sign({ x5c }, known(root).key), /signature is wrong/);
    const claims = { iss: "server", aud: "registry", exp: Math.floor(now / 1000) + 300 };
    for (const secret of [known(leaf).pem, known(root).pem]) {
      const header = { alg: "HS256", x5c };
      const token = forge({ header, claims, signature: authenticatedBy(secret) });
      await refuses(Promise.resolve(token), /does not go with the key/);
    }
  });

  test("a chain that ends with nobody who is trusted is refused, whatever else lies beside it", async () => {
    await refuses(bring(evilLeaf), /no certificate that is trusted/);
    await refuses(bring(evilLeaf, evilRoot), /no certificate that is trusted/);
    await refuses(bring(evilLeaf, root), /certificate 2 in "x5c" has not issued the one before/);
    await refuses(bring(evilLeaf, evilRoot, root), /certificate 3 in "x5c" has not issued/);
    await refuses(bring(evilRoot, root), /certificate 2 in "x5c" has not issued/);
    await refuses(bring(deepLeaf), /no certificate that is trusted/);
    await refuses(bring(deepLeaf, root), /certificate 2 in "x5c" has not issued/);
    await refuses(bring(twin), /no certificate that is trusted/);
    const kid = thumbprintOf(known(root).certificate.publicKey);
    await refuses(
      sign({ x5c: [known(evilLeaf).base64], kid }, known(evilLeaf).key),
      /no certificate that is/,
    );
  });

  test("who is no authority cannot issue certificates, neither in the middle nor from the bundle", async () => {
    await refuses(bring(underLeaf, leaf), /certificate 2 in "x5c" is no authority/);
    await refuses(bring(underLeaf, leaf, root), /certificate 2 in "x5c" is no authority/);
    const underPlain = await make("under plain", 30, { issuer: known(plain) });
    await refuses(bring(underPlain), /no certificate that is trusted/);
    await refuses(bring(underPlain, plain), /certificate 2 in "x5c" is no authority/);
  });

  test("neither a leaf, nor who stands in between, nor the root may have expired", async () => {
    await accepts(bring(shortLeaf));
    await accepts(bring(underShort, shortMiddle));
    const underShortRoot = await make("under short root", 30, { issuer: known(shortRoot) });
    await accepts(bring(underShortRoot));
    const today = now;
    now += 2 * DAY;
    try {
      await refuses(bring(shortLeaf), /certificate 1 in "x5c" is not valid today/);
      await refuses(bring(underShort, shortMiddle), /certificate 2 in "x5c" is not valid today/);
      await refuses(bring(underShortRoot), /no certificate that is trusted/);
      await refuses(bring(underShortRoot, shortRoot), /certificate 2 in "x5c" is not valid today/);
      await accepts(bring(leaf));
      now = today - DAY;
      await refuses(bring(leaf), /certificate 1 in "x5c" is not valid today/);
    } finally {
      now = today;
    }
  });

  test("chains that are empty, too long or no certificates are refused", async () => {
    const { key, base64 } = known(leaf);
    await refuses(sign({ x5c: [] }, key), /has 0 certificates; 1 to 5/);
    await refuses(sign({ x5c: Array(6).fill(base64) }, key), /has 6 certificates; 1 to 5/);
    await refuses(sign({ x5c: ["AAAA"] }, key), /certificate 1 in "x5c" cannot be read/);
    await refuses(sign({ x5c: [base64, "AAAA"] }, key), /certificate 2 in "x5c" cannot be read/);
  });
});

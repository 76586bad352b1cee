// Fetching the keys of an identity provider, and doing without it for a while.
import assert from "node:assert/strict";
import { afterEach, beforeEach, suite, test } from "node:test";
import { gzipSync } from "node:zlib";
import { Unauthorized } from "../../src/auth/credentials.ts";
import { parseDocumentUrl } from "../../src/auth/issuer-document.ts";
import { OidcIssuers } from "../../src/auth/oidc.ts";
import type { OidcConfig } from "../../src/config/access.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { IdentityProvider, makeKey } from "./identity-provider.ts";

const START = Date.parse("2026-05-05T12:00:00Z");
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DISCOVERY = "/.well-known/openid-configuration";

suite("the keys of an identity provider", () => {
  let provider: IdentityProvider;
  let now: number;
  let reasons: string[];
  let opened: OidcIssuers[];

  const open = (more: Partial<OidcConfig> = {}) => {
    const rules = [{ claims: {}, groups: [] }];
    const config = [
      { name: "ci", issuer: provider.issuer, audience: "stowage", timeoutMs: 20_000, rules, ...more },
    ];
    const report = (_: string, { reason }: Readonly<Record<string, unknown>>) =>
      void reasons.push(String(reason));
    const issuers = new OidcIssuers({ config, now: () => now, report });
    opened.push(issuers);
    return issuers;
  };
  const accepts = async (issuers: OidcIssuers) =>
    assert.equal((await issuers.check(await provider.sign(now)))?.id, "oidc:ci:job-1");
  const isUnavailable = async (issuers: OidcIssuers) =>
    assert.rejects(issuers.check(await provider.sign(now)), (error) => {
      assert.ok(error instanceof RegistryError);
      assert.equal(error.code, "UNAVAILABLE");
      return true;
    });
  const isRefused = async (issuers: OidcIssuers, token: Promise<string>) =>
    assert.rejects(issuers.check(await token), (error) => error instanceof Unauthorized);

  beforeEach(async () => {
    provider = await IdentityProvider.start();
    now = START;
    reasons = [];
    opened = [];
  });
  afterEach(async () => {
    for (const issuers of opened) issuers.close();
    await provider[Symbol.asyncDispose]();
  });

  test("they are found by discovery, and kept for ten minutes", async () => {
    const issuers = open();
    await accepts(issuers);
    now += 10 * MINUTE - 1;
    await accepts(issuers);
    assert.deepEqual(provider.requests, [DISCOVERY, "/keys"]);
    now += 1;
    await accepts(issuers);
    assert.equal(provider.fetches, 2);
  });

  test("a place in the configuration is asked without discovery", async () => {
    await accepts(open({ jwksUrl: `${provider.issuer}/keys` }));
    assert.deepEqual(provider.requests, ["/keys"]);
  });

  test("however many ask, one fetch is under way", async () => {
    const issuers = open();
    await Promise.all(Array.from({ length: 50 }, () => accepts(issuers)));
    assert.deepEqual(provider.requests, [DISCOVERY, "/keys"]);
  });

  test("a new key is fetched when a token names it, and strangers cannot make us fetch more than twice a minute", async () => {
    const issuers = open();
    await accepts(issuers);
    const [old] = provider.keys;
    provider.keys = [makeKey("second")];
    now += 29 * SECOND;
    await isRefused(issuers, provider.sign(now));
    assert.equal(provider.fetches, 1);
    now += SECOND;
    await accepts(issuers);
    assert.equal(provider.fetches, 2);
    await isRefused(issuers, provider.sign(now, {}, { key: old }));
    for (let i = 0; i < 20; i++) await isRefused(issuers, provider.sign(now, {}, { key: makeKey(`${i}`) }));
    assert.equal(provider.fetches, 2);
  });

  test("when the provider is down its keys are used for a day, and it is asked twice a minute at most", async () => {
    const issuers = open();
    await accepts(issuers);
    for (const path of [DISCOVERY, "/keys"]) provider.answers.set(path, (_, response) => response.destroy());
    now += 10 * MINUTE;
    await accepts(issuers);
    await accepts(issuers);
    assert.equal(provider.requests.length, 3);
    now += 30 * SECOND;
    await accepts(issuers);
    assert.equal(provider.requests.length, 4);
    now = START + 24 * HOUR - 1;
    await accepts(issuers);
    now = START + 24 * HOUR;
    await isUnavailable(issuers);
    assert.match(reasons[0] ?? "", /^http:\/\/127\.0\.0\.1:\d+\/\.well-known\/openid-configuration: ./);
    provider.answers.clear();
    now += 30 * SECOND;
    await accepts(issuers);
  });

  test("a provider that was never reached is asked again after five seconds", async () => {
    const issuers = open();
    provider.answers.set(DISCOVERY, (_, response) => response.writeHead(503).end());
    await isUnavailable(issuers);
    provider.answers.clear();
    await isUnavailable(issuers);
    assert.equal(provider.requests.length, 1);
    now += 5 * SECOND;
    await accepts(issuers);
    assert.deepEqual(reasons.length, 1);
    assert.match(reasons[0] ?? "", /answered 503$/);
  });

  test("a provider that does not answer is given up in time", async () => {
    provider.answers.set("/keys", (_, response) => response.writeHead(200).write('{"keys":['));
    await isUnavailable(open({ timeoutMs: 100 }));
    assert.match(reasons[0] ?? "", /\/keys: no answer in time$/);
  });

  test("closing gives up what is being fetched", async () => {
    const issuers = open();
    const asked = new Promise<void>((resolve) => provider.answers.set("/keys", () => resolve()));
    const check = isUnavailable(issuers);
    await asked;
    issuers.close();
    await check;
    assert.deepEqual(reasons, []);
  });

  test("what is no answer of this provider is not believed", async () => {
    const { issuer } = provider;
    const key = { ...makeKey("first").privateKey.export({ format: "jwk" }), kid: "first" };
    const table: readonly (readonly [Record<string, unknown>, RegExp])[] = [
      [{ issuer: `${issuer}/` }, /its "issuer" is/],
      [{ issuer: "https://login.example.com" }, /its "issuer" is "https:\/\/login.example.com", not/],
      [{ issuer: undefined }, /its "issuer" is/],
      [{ jwks_uri: undefined }, /no "jwks_uri"/],
      [{ jwks_uri: "file:///etc/passwd" }, /is not https/],
      [{ jwks_uri: "http://keys.example.com/" }, /is not https/],
      [{ jwks_uri: issuer.replace("//", "//user:hunter2@") }, /may not have a user name or password/],
      [{ jwks_uri: "keys" }, /is no URL/],
    ];
    for (const [configuration, words] of table) {
      provider.configuration = configuration;
      await isUnavailable(open());
      assert.match(reasons.at(-1) ?? "", words);
    }
    provider.configuration = {};
    const answers: readonly (readonly [string, RegExp])[] = [
      ["hunter2", /no JSON object$/],
      ["[]", /no JSON object$/],
      ["{}", /malformed/],
      ['{"keys":[1]}', /malformed/],
      [`{"keys":[],"pad":"${"x".repeat(1024 * 1024)}"}`, /more than 1048576 bytes/],
    ];
    for (const [body, words] of answers) {
      provider.answers.set("/keys", (_, response) => response.end(body));
      await isUnavailable(open());
      assert.match(reasons.at(-1) ?? "", words);
    }
    assert.doesNotMatch(reasons.join(), /hunter2/);
    provider.answers.set("/keys", (_, response) => response.end(JSON.stringify({ keys: [key] })));
    await isRefused(open(), provider.sign(now));
  });

  test("a document that unpacks to more than is allowed is given up", async () => {
    const packed = gzipSync(Buffer.alloc(64 * 1024 * 1024, " "));
    provider.answers.set("/keys", (_, response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end(packed),
    );
    await isUnavailable(open());
    assert.match(reasons[0] ?? "", /more than 1048576 bytes/);
  });

  test("a document without an end is given up as soon as it is too large", async () => {
    const chunk = Buffer.alloc(64 * 1024, " ");
    provider.answers.set("/keys", (_, response) => {
      const writeOn = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on("drain", writeOn);
      writeOn();
    });
    await isUnavailable(open({ timeoutMs: 10_000 }));
    assert.match(reasons[0] ?? "", /more than 1048576 bytes/);
  });

  test("redirects are followed on the same origin only, and not for ever", async () => {
    await using other = await IdentityProvider.start();
    other.keys = provider.keys;
    const send = (to: string) =>
      provider.answers.set("/keys", (_, response) => response.writeHead(302, { location: to }).end());
    provider.answers.set("/moved", (_, response) => {
      const [key] = provider.keys;
      response.end(
        JSON.stringify({ keys: [{ ...key?.publicKey.export({ format: "jwk" }), kid: key?.kid }] }),
      );
    });
    send("/moved");
    await accepts(open());
    send(`${other.issuer}/keys`);
    await isUnavailable(open());
    assert.match(reasons.at(-1) ?? "", /a redirect to http:\/\/127\.0\.0\.1:\d+ is not followed/);
    assert.deepEqual(other.requests, []);
    const before = provider.requests.length;
    send("/keys");
    await isUnavailable(open());
    assert.match(reasons.at(-1) ?? "", /more than 3 redirects/);
    assert.deepEqual(provider.requests.slice(before), [DISCOVERY, "/keys", "/keys", "/keys", "/keys"]);
  });

  test("only an issuer on this machine may be asked without TLS, and only it may send us there", () => {
    const local = "http://127.0.0.1:1";
    for (const url of [
      "http://127.0.0.1:9/keys",
      "http://localhost/keys",
      "http://[::1]/keys",
      "https://a.example.com/",
    ])
      assert.equal(parseDocumentUrl(url, local).href, url);
    for (const url of [
      "http://127.0.0.1.example.com/",
      "http://a.example.com/",
      "http://localhost.example.com/",
      "ftp://localhost/",
    ])
      assert.throws(() => parseDocumentUrl(url, local), /not https/);
    for (const url of ["http://127.0.0.1/keys", "http://localhost/keys"])
      assert.throws(() => parseDocumentUrl(url, "https://login.example.com"), /not https/);
  });
});

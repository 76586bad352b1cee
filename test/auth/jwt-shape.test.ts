// What is refused before any key is looked up.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_TOKEN_LENGTH, readJwt } from "../../src/auth/jwt-shape.ts";
import { forge } from "./forge.ts";

const signature = () => "c2ln";
const HEADER = { alg: "RS256" };

function refused(token: string, words: RegExp): void {
  assert.throws(
    () => readJwt(token),
    (error: { tokenError?: string; message: string }) => {
      assert.equal(error.tokenError, "invalid_token");
      assert.match(error.message, words);
      return true;
    },
  );
}

test("a token's header and claims are read, and only the members of the header that count", () => {
  const header = {
    alg: "ES256",
    kid: "k",
    typ: "JWT",
    jku: "https://evil.example.com",
    x5u: "https://evil.example.com",
  };
  const jwt = readJwt(
    forge({ header, claims: { iss: "a", deep: { list: [1, { a: 1 }, { a: 2 }] } }, signature }),
  );
  assert.deepEqual(jwt?.header, { alg: "ES256", typ: "JWT", kid: "k" });
  assert.equal(jwt?.claims.iss, "a");
});

test("what has not the form of a token is left to others", () => {
  for (const text of [
    "",
    "stow_abcdefghijklmnopqrstuv",
    "a.b",
    "a.b.c.d",
    "a.b.c.d.e",
    "..",
    "a+b.c.d",
    "é.b.c",
    "a.b.c\n",
  ])
    assert.equal(readJwt(text), undefined, text);
});

test("a huge token is refused before it is taken apart", () => {
  const claims = { pad: "x".repeat(MAX_TOKEN_LENGTH) };
  refused(forge({ header: HEADER, claims, signature }), /at most 16384/);
  refused("x".repeat(MAX_TOKEN_LENGTH + 1), /at most 16384/);
});

test("a header that leaves something to guess is refused", () => {
  const headers: readonly (readonly [object | string, RegExp])[] = [
    [{ alg: "RS256", crit: ["exp"], exp: 1 }, /"crit"/],
    [{ alg: "RS256", crit: ["b64"], b64: false }, /"crit"/],
    [{ alg: "RS256", kid: ["signer"] }, /kid/],
    [{ alg: "RS256", kid: { toString: "signer" } }, /kid/],
    [{ alg: "RS256", kid: "k".repeat(2000) }, /kid/],
    [{ alg: ["RS256"] }, /alg/],
    [{ kid: "signer" }, /no "alg"/],
    [{ alg: "RS256", jwk: "signer" }, /"jwk"/],
    [{ alg: "RS256", x5c: "MII" }, /"x5c"/],
    [{ alg: "RS256", x5c: [1] }, /"x5c"/],
    ["[]", /no JSON object/],
    ["{", /no JSON/],
    ["null", /no JSON object/],
    ["\u0000", /no JSON/],
  ];
  for (const [header, words] of headers) refused(forge({ header, claims: {}, signature }), words);
});

test("members of the same name are refused, however they are written and wherever they lie", () => {
  const twice = ['{"alg":"none","alg":"RS256"}', '{"alg":"RS256","\\u0061lg":"none"}'];
  for (const header of twice) refused(forge({ header, claims: {}, signature }), /header has two members/);
  const claims = ['{"iss":"a","iss":"b"}', '{"x":[{"a":1,"b":{"c":1,"c":2}}]}', '{"a":"\\"","a":2}'];
  for (const text of claims)
    refused(forge({ header: HEADER, claims: text, signature }), /claims has two members/);
});

test("a value that looks like a member's name is none", () => {
  const claims = '{"a":"b","b":"a","c":["a","a"],"d":"\\",\\"a\\":1","e":{"a":1}}';
  assert.equal(readJwt(forge({ header: HEADER, claims, signature }))?.claims.a, "b");
});

test("claims that lie too deep are refused", () => {
  const claims = `{"a":${"[".repeat(3000)}${"]".repeat(3000)}}`;
  refused(forge({ header: HEADER, claims, signature }), /levels deep/);
});

test("bytes that are no UTF-8 are refused, and so is a token without its signature", () => {
  const bad = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString("base64url");
  const header = Buffer.from(JSON.stringify(HEADER)).toString("base64url");
  refused(`${header}.${bad}.c2ln`, /no JSON/);
  refused(forge({ header: HEADER, claims: {}, signature: () => "" }), /no signature/);
});

test("a refusal does not repeat what the token says of itself", () => {
  const claims = '{"password": "hunter2" x}';
  try {
    readJwt(forge({ header: HEADER, claims, signature }));
    assert.fail("it was accepted");
  } catch (error) {
    assert.doesNotMatch(String(error), /hunter2|password/);
  }
});

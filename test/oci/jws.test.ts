// Signed documents: those that others made, those of every kind of key, and every way to get one wrong.
import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import type { RegistryError } from "../../src/oci/errors.ts";
import {
  joinSignatures,
  joinStoredSignatures,
  MAX_SIGNATURES,
  mergeSignatures,
  parseSignedDocument,
  verifySignatures,
} from "../../src/oci/jws.ts";
import { signPayload } from "../../src/oci/jws-sign.ts";
import { Authority } from "../support/certificates.ts";
import { lacking } from "../support/required-tools.ts";
import { jwkOf, payloadOf, schema1, signatureOf, signedBy, signedWith } from "../support/signed-manifests.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { COMPACT, INDENTED } from "./libtrust-documents.ts";

const LAYER = `sha256:${"1".repeat(64)}`;
const payload = payloadOf(schema1([LAYER]));
const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).privateKey;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const key = ec("P-256");
const good = signatureOf(payload, key);

const check = (content: Uint8Array) => verifySignatures(parseSignedDocument(content));

function refused(code: string, message: RegExp) {
  return (error: RegistryError) => {
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}

for (const { name, text, digest } of [INDENTED, COMPACT])
  test(`what libtrust wrote, ${name}, is verified and is written again as it was`, async () => {
    const document = parseSignedDocument(Buffer.from(text));
    assert.equal(digestOf(document.payload), digest);
    await verifySignatures(document);
    assert.equal(Buffer.from(joinSignatures(document)).toString(), text);
    const stored = document.signatures.map(({ json }) => Buffer.from(JSON.stringify(json)));
    assert.equal(Buffer.from(joinStoredSignatures(document.payload, stored)).toString(), text);
  });

describe("a signature is verified", () => {
  for (const [name, signer, algorithm] of [
    ["P-256", key, "ES256"],
    ["P-384", ec("P-384"), "ES384"],
    ["P-521", ec("P-521"), "ES512"],
    ["RSA", rsa, "RS256"],
    ["RSA", rsa, "RS384"],
    ["RSA", rsa, "RS512"],
  ] as const)
    test(`of ${name} with ${algorithm}`, () =>
      check(signedWith(payload, [signatureOf(payload, signer, { algorithm })])));

  test("of a certificate's key", { skip: lacking("openssl") }, async (t) => {
    const directory = await makeTemporaryDirectory();
    t.after(() => removeTemporaryDirectory(directory));
    const files = await (await Authority.make(directory)).issue({ subject: "/CN=signer" });
    const signer = createPrivateKey(await readFile(files.key, "utf8"));
    const certificate = new X509Certificate(await readFile(files.certificate, "utf8"));
    const x5c = [certificate.raw.toString("base64")];
    const signed = (header: Readonly<Record<string, unknown>>, by = signer) =>
      check(signedWith(payload, [signatureOf(payload, by, { header })]));
    await signed({ x5c });
    await signed({ x5c, jwk: jwkOf(signer) });
    const both = async () => signed({ x5c, jwk: jwkOf(key) });
    await assert.rejects(both, refused("MANIFEST_INVALID", /different keys/));
    await assert.rejects(signed({ x5c }, key), refused("MANIFEST_UNVERIFIED", /is not of this manifest/));
  });

  test("of each of several keys, and one that is wrong spoils all", async () => {
    await check(signedBy(payload, key, rsa, ec("P-384")));
    const wrong = { ...signatureOf(payload, rsa), signature: good.signature };
    await assert.rejects(
      check(signedWith(payload, [good, wrong])),
      refused("MANIFEST_UNVERIFIED", /is not of/),
    );
  });

  test("that was made here, for payloads written in any way", async () => {
    for (const text of [
      '{"a":1}',
      '{"a":1}\n',
      '{\n   "a": "ü"\n}',
      '{\n\t"a": {}\n \n}\n\n',
      ' { "a":[1] } ',
    ])
      for (const signer of [key, rsa]) {
        const document = parseSignedDocument(signPayload(Buffer.from(text), signer, 0));
        await verifySignatures(document);
        assert.equal(Buffer.from(document.payload).toString(), text);
      }
    assert.throws(() => signPayload(Buffer.from("[]"), key, 0), refused("MANIFEST_INVALID", /JSON object/));
    assert.throws(() => signPayload(Buffer.from(""), key, 0), refused("MANIFEST_INVALID", /JSON object/));
  });
});

test("a byte changed anywhere in a document is noticed", async () => {
  const content = signedBy(payloadOf(schema1([LAYER], { name: "a" })), key);
  const start = content.indexOf('"signature": "');
  let accepted = 0;
  for (let index = 0; index < content.length; index += index < start ? 1 : 7) {
    const changed = Buffer.from(content);
    changed[index] = (changed[index] ?? 0) ^ 1;
    const before = parseSignedDocument(content);
    try {
      const document = parseSignedDocument(changed);
      await verifySignatures(document);
      // White space between signatures, and what of their names nobody reads, is not signed; the payload is.
      assert.deepEqual(document.payload, before.payload, `byte ${index}`);
      accepted++;
    } catch (error) {
      assert.match((error as RegistryError).code, /^MANIFEST_(INVALID|UNVERIFIED)$/);
    }
  }
  assert.ok(accepted < content.length / 10, `${accepted} changes went unnoticed`);
});

describe("refused, with the reason:", () => {
  const text = signedWith(payload, [good]).toString();
  const bytes = (value: string) => Buffer.from(value);
  const withFormat = (format: object) =>
    signedWith(payload, [signatureOf(payload, key, { format: { ...format } })]);
  const withHeader = (header: object) =>
    signedWith(payload, [signatureOf(payload, key, { header: { ...header } })]);
  const jwk = jwkOf(key);
  const cases: readonly (readonly [string, Uint8Array, string, RegExp])[] = [
    ["no JSON", bytes("{"), "MANIFEST_INVALID", /not one JSON object/],
    ["no object", bytes("[]"), "MANIFEST_INVALID", /not one JSON object/],
    ["no UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), "MANIFEST_INVALID", /not one JSON object/],
    ["a byte order mark", bytes(`\ufeff${text}`), "MANIFEST_INVALID", /not one JSON object/],
    ["no signatures", payload, "MANIFEST_INVALID", /must be signed/],
    ["an empty list", signedWith(payload, []), "MANIFEST_INVALID", /list of 1 to/],
    [
      "no list",
      bytes(text.replace('"signatures": [', '"signatures": {"a": [').replace(/]\n}$/, "]}}")),
      "MANIFEST_INVALID",
      /list of 1/,
    ],
    [
      "too many",
      signedWith(payload, Array(MAX_SIGNATURES + 1).fill(good)),
      "MANIFEST_INVALID",
      /list of 1 to/,
    ],
    ["signatures that are none", signedWith(payload, [null, 1]), "MANIFEST_INVALID", /must be an object/],
    ["no header", signedWith(payload, [{ ...good, header: [] }]), "MANIFEST_INVALID", /with a header/],
    ["no algorithm", signedWith(payload, [{ ...good, header: { jwk } }]), "MANIFEST_INVALID", /"alg"/],
    ["no key", withHeader({}), "MANIFEST_INVALID", /"jwk" or "x5c"/],
    ["a key that is text", withHeader({ jwk: "x" }), "MANIFEST_INVALID", /must be an object/],
    [
      "a key of another type",
      withHeader({ jwk: { kty: "oct", k: "AAAA" } }),
      "MANIFEST_INVALID",
      /"oct" cannot sign/,
    ],
    [
      "a type that objects inherit",
      withHeader({ jwk: { kty: "constructor" } }),
      "MANIFEST_INVALID",
      /cannot sign/,
    ],
    [
      "a point off the curve",
      withHeader({ jwk: { ...jwk, x: jwk.y } }),
      "MANIFEST_INVALID",
      /cannot be read/,
    ],
    [
      "a coordinate that is a number",
      withHeader({ jwk: { ...jwk, x: 1 } }),
      "MANIFEST_INVALID",
      /"x" of a key/,
    ],
    [
      "an endless RSA key",
      withHeader({ jwk: { kty: "RSA", e: "AQAB", n: Buffer.alloc(2048, 255).toString("base64url") } }),
      "MANIFEST_INVALID",
      /at most 8192 bits/,
    ],
    ["another key's id", withHeader({ jwk: { ...jwk, kid: jwkOf(rsa).kid } }), "MANIFEST_INVALID", /"kid"/],
    ["an id that is no text", withHeader({ jwk: { ...jwk, kid: {} } }), "MANIFEST_INVALID", /"kid"/],
    ["a chain that is none", withHeader({ x5c: "x" }), "MANIFEST_INVALID", /list of at most/],
    ["an empty chain", withHeader({ x5c: [] }), "MANIFEST_INVALID", /cannot be read/],
    ["a chain of nonsense", withHeader({ x5c: ["AAAA"] }), "MANIFEST_INVALID", /cannot be read/],
    ["an endless chain", withHeader({ x5c: Array(17).fill("AAAA") }), "MANIFEST_INVALID", /list of at most/],
    [
      "another key",
      withHeader({ jwk: jwkOf(ec("P-256")) }),
      "MANIFEST_UNVERIFIED",
      /is not of this manifest/,
    ],
    [
      "an algorithm of another curve",
      bytes(text.replace('"ES256"', '"ES384"')),
      "MANIFEST_UNVERIFIED",
      /does not go with/,
    ],
    [
      "an algorithm of another key",
      bytes(text.replace('"ES256"', '"RS256"')),
      "MANIFEST_UNVERIFIED",
      /does not go with/,
    ],
    [
      "no algorithm at all",
      bytes(text.replace('"ES256"', '"none"')),
      "MANIFEST_UNVERIFIED",
      /does not go with/,
    ],
    ["a shared secret", bytes(text.replace('"ES256"', '"HS256"')), "MANIFEST_UNVERIFIED", /does not go with/],
    [
      "a short signature",
      signedWith(payload, [{ ...good, signature: "AAAA" }]),
      "MANIFEST_UNVERIFIED",
      /is not of/,
    ],
    ["no signature", signedWith(payload, [{ ...good, signature: "" }]), "MANIFEST_INVALID", /base64url/],
    [
      "a signature with padding",
      signedWith(payload, [{ ...good, signature: `${good.signature}==` }]),
      "MANIFEST_INVALID",
      /base64url/,
    ],
    [
      "no protected header",
      signedWith(payload, [{ ...good, protected: undefined }]),
      "MANIFEST_INVALID",
      /base64url/,
    ],
    [
      "a protected header that is no JSON",
      signedWith(payload, [{ ...good, protected: "AAAA" }]),
      "MANIFEST_INVALID",
      /protected header/,
    ],
    ...[0, -1, 1.5, 2 ** 53, "12", null, {}].map(
      (formatLength) =>
        [
          `a length of ${JSON.stringify(formatLength)}`,
          withFormat({ formatLength }),
          "MANIFEST_INVALID",
          /"formatLength"/,
        ] as const,
    ),
    ["a length behind the end", withFormat({ formatLength: 2 ** 40 }), "MANIFEST_INVALID", /"formatLength"/],
    [
      "a length that is too short",
      withFormat({ formatLength: payload.length - 3 }),
      "MANIFEST_INVALID",
      /"formatLength"/,
    ],
    [
      "a tail that is no end",
      withFormat({ formatTail: Buffer.from(',"a":1}').toString("base64url") }),
      "MANIFEST_INVALID",
      /"formatTail"/,
    ],
    [
      "a tail without end",
      withFormat({ formatTail: Buffer.from(`${" ".repeat(9999)}}`).toString("base64url") }),
      "MANIFEST_INVALID",
      /"formatTail"/,
    ],
    ["what must be understood", withFormat({ crit: ["b64"] }), "MANIFEST_INVALID", /"crit"/],
    [
      "tails that differ",
      signedWith(payload, [good, signatureOf(payload, key, { format: { formatTail: "fQ" } })]),
      "MANIFEST_INVALID",
      /do not agree/,
    ],
    [
      "members behind what is signed",
      bytes(text.replace(/\n}$/, ',\n   "tag2": "x"\n}')),
      "MANIFEST_INVALID",
      /nothing but/,
    ],
    [
      "members of the same name",
      bytes(text.replace(/\n}$/, ',\n   "fsLayers": []\n}')),
      "MANIFEST_INVALID",
      /same name/,
    ],
    [
      "members that Go would take for others",
      bytes(text.replace(/\n}$/, ',\n   "FSLAYERS": []\n}')),
      "MANIFEST_INVALID",
      /same name/,
    ],
    [
      "signatures twice",
      bytes(text.replace(/\n}$/, ',\n   "signatures": []\n}')),
      "MANIFEST_INVALID",
      /same name/,
    ],
    ["something behind the end", bytes(`${text}{}`), "MANIFEST_INVALID", /not one JSON object/],
    [
      "depth",
      signedBy(payloadOf({ a: JSON.parse(`${"[".repeat(40)}${"]".repeat(40)}`) }), key),
      "MANIFEST_INVALID",
      /levels deep/,
    ],
  ];
  for (const [name, content, code, message] of cases)
    test(name, () => assert.rejects(async () => check(content), refused(code, message)));

  test("the specification's example, which is not what was signed", async () => {
    const kid = "OD6I:6DRK:JXEJ:KBM4:255X:NSAA:MUSF:E4VM:ZI6W:CUN2:L4Z6:LSF4";
    const example = {
      crv: "P-256",
      kid,
      kty: "EC",
      x: "3gAwX48IQ5oaYQAYSxor6rYYc_6yjuLCjtQ9LUakg4A",
      y: "t72ge6kIA1XOjqjVoEOiPPAURltJFBMGDSQvEGVB010",
    };
    const shortened = signedWith(payload, [
      {
        header: { jwk: example, alg: "ES256" },
        signature: "XREm0L8WNn27Ga_iE_vRnTxVMhhYY0Zst_FfkKopg6gWSoTOZTuW4rK0fg_IqnKkEKlbD83tD46LKEGi5aIVFg",
        protected:
          "eyJmb3JtYXRMZW5ndGgiOjY2MjgsImZvcm1hdFRhaWwiOiJDbjAiLCJ0aW1lIjoiMjAxNS0wNC0wOFQxODo1Mjo1OVoifQ",
      },
    ]);
    await assert.rejects(async () => check(shortened), refused("MANIFEST_INVALID", /"formatLength"/));
  });
});

test("nothing that a document holds gets into the prototypes", async () => {
  const polluted = signedWith(payload, [
    JSON.parse(JSON.stringify(good).replace('"alg"', '"__proto__":{"x5c":["AAAA"],"polluted":1},"alg"')),
  ]);
  await check(polluted);
  assert.equal(({} as { polluted?: number }).polluted, undefined);
});

test("signatures are merged: what is there comes first, and nothing twice", () => {
  const first = parseSignedDocument(signedBy(payload, key)).signatures;
  const both = parseSignedDocument(signedWith(payload, [signatureOf(payload, rsa), good])).signatures;
  const merged = mergeSignatures(first, both);
  // An ECDSA signature is another one each time it is made.
  assert.deepEqual(
    merged.map(({ algorithm }) => algorithm),
    ["ES256", "RS256", "ES256"],
  );
  assert.deepEqual(mergeSignatures(merged, both), merged);
  const many = Array.from({ length: 3 * MAX_SIGNATURES }, (_, index) => ({
    ...signatureOf(payload, rsa),
    signature: `AA${String(index).padStart(4, "0")}`,
  }));
  const parsed = many.flatMap(
    (signature) => parseSignedDocument(signedWith(payload, [signature])).signatures,
  );
  assert.deepEqual(mergeSignatures([], parsed), parsed.slice(0, MAX_SIGNATURES));
});

test("stored signatures make the document that was pushed, and those of another payload do not", async () => {
  const stored = [good, signatureOf(payload, rsa)].map((signature) => Buffer.from(JSON.stringify(signature)));
  const joined = joinStoredSignatures(payload, [...stored, ...stored]);
  const document = parseSignedDocument(joined);
  assert.deepEqual(document.payload, payload);
  assert.equal(document.signatures.length, 2);
  await verifySignatures(document);
  const longer = payloadOf(schema1([LAYER, LAYER]));
  assert.throws(
    () => joinStoredSignatures(longer, stored),
    refused("MANIFEST_INVALID", /written in another way/),
  );
  const other = Buffer.from(payload.toString().replace("latest", "newest"));
  const unsigned = joinStoredSignatures(other, stored);
  await assert.rejects(
    async () => check(unsigned),
    refused("MANIFEST_UNVERIFIED", /is not of this manifest/),
  );
  assert.throws(() => joinStoredSignatures(payload, []), refused("MANIFEST_UNVERIFIED", /no signature/));
  assert.throws(() => joinStoredSignatures(payload, [Buffer.from("x")]), refused("MANIFEST_INVALID", /JSON/));
});

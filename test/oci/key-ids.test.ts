// The names of keys, against what others say they are.
import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { calculateJwkThumbprint } from "jose";
import { libtrustIdOf, thumbprintOf } from "../../src/oci/key-ids.ts";

test("the key of RFC 7638, 3.1 has the thumbprint that stands there", () => {
  const n =
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o" +
    "knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHz" +
    "u6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8" +
    "awapJzKnqDKgw";
  const key = createPublicKey({ key: { kty: "RSA", n, e: "AQAB" }, format: "jwk" });
  assert.equal(thumbprintOf(key), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
});

test("thumbprints of keys of all kinds are those that jose makes", async () => {
  const keys = [
    generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey,
    generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey,
    generateKeyPairSync("ed25519").publicKey,
  ];
  for (const key of keys)
    assert.equal(thumbprintOf(key), await calculateJwkThumbprint(key.export({ format: "jwk" })));
});

test("the key of the example in distribution's manifest specification has the libtrust id that stands there", () => {
  const x = "3gAwX48IQ5oaYQAYSxor6rYYc_6yjuLCjtQ9LUakg4A";
  const y = "t72ge6kIA1XOjqjVoEOiPPAURltJFBMGDSQvEGVB010";
  const key = createPublicKey({ key: { kty: "EC", crv: "P-256", x, y }, format: "jwk" });
  assert.equal(libtrustIdOf(key), "OD6I:6DRK:JXEJ:KBM4:255X:NSAA:MUSF:E4VM:ZI6W:CUN2:L4Z6:LSF4");
});

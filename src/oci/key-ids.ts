// The names that a public key has by itself, by which token servers call theirs.
import { createHash, type JsonWebKey, type KeyObject } from "node:crypto";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The first bytes of the digest that a libtrust id shows: 240 bits. */
const LIBTRUST_BYTES = 30;

/** What of a key counts, in the order that RFC 7638, 3.3 wants. */
const MEMBERS: Readonly<Record<string, readonly (keyof JsonWebKey)[]>> = {
  EC: ["crv", "kty", "x", "y"],
  OKP: ["crv", "kty", "x"],
  RSA: ["e", "kty", "n"],
};

/** RFC 7638, with SHA-256. Undefined: no token can be signed with keys of this kind. */
export function thumbprintOf(key: KeyObject): string | undefined {
  const jwk = toJwk(key);
  const members = MEMBERS[jwk?.kty ?? ""];
  if (jwk === undefined || members === undefined) return undefined;
  const text = JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name]])));
  return createHash("sha256").update(text).digest("base64url");
}

/** "ABCD:EFGH:…", twelve groups: how distribution 2 and most token servers call a key. */
export function libtrustIdOf(key: KeyObject): string {
  const der = key.export({ type: "spki", format: "der" });
  const bytes = createHash("sha256").update(der).digest().subarray(0, LIBTRUST_BYTES);
  return (base32(bytes).match(/.{4}/g) ?? []).join(":");
}

/** Node cannot write every key that it can read. */
function toJwk(key: KeyObject): JsonWebKey | undefined {
  try {
    return key.export({ format: "jwk" });
  } catch {
    return undefined;
  }
}

/** RFC 4648, 6. For multiples of five bytes, which need no padding. */
function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{5}/g) ?? []).map((five) => BASE32[Number.parseInt(five, 2)]).join("");
}

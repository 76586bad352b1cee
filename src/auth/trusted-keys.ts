// The keys of a token server, as its operator gave them to us: certificates in PEM, or
// a JSON Web Key Set. RFC 7517, 4 and 5.
import {
  createPublicKey,
  createSecretKey,
  type JsonWebKey,
  type KeyObject,
  X509Certificate,
} from "node:crypto";
import { libtrustIdOf, thumbprintOf } from "../oci/key-ids.ts";
import { isJsonObject, type JsonObject } from "../oci/strict-json.ts";
import { quoted } from "./quoted.ts";

/** RFC 7518, 3.2: a secret has no fewer bytes than the digest. */
const MIN_SECRET_BYTES = 32;

/** One key that signs tokens. */
export interface TrustedKey {
  /** A public key, or a secret. */
  readonly key: KeyObject;
  /** What tokens may call it. */
  readonly ids: readonly string[];
  /** Absent: a secret. */
  readonly thumbprint?: string;
  /** The one algorithm that it is for. Absent: all that go with it. */
  readonly algorithm?: string;
}

/** Whom a file says to trust. */
export interface Trust {
  /** Certificates, which may vouch for others. */
  readonly roots: readonly X509Certificate[];
  readonly keys: readonly TrustedKey[];
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Certificates one after the other, in PEM; all else is passed over. Throws an Error. */
export function parseBundle(text: string): Trust {
  const roots = (text.match(PEM) ?? []).map(readCertificate);
  if (roots.length === 0) throw new Error("it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)");
  // A key that is named here is trusted as it is, as by distribution: its certificate's dates do not count for it.
  return { roots, keys: roots.flatMap(({ publicKey }) => toTrustedKey(publicKey, {}) ?? []) };
}

/** A JSON Web Key Set; keys of unknown kinds, and those that are not for signatures, are passed over. Throws an Error. */
export function parseKeySet(text: string): Trust {
  const set = readJson(text);
  if (!isJsonObject(set) || !Array.isArray(set.keys))
    throw new Error('it is no JSON object with a list "keys"');
  const keys = set.keys.flatMap((jwk: unknown, index) => readKey(jwk, index) ?? []);
  if (keys.length === 0) throw new Error('none of its "keys" can check a signature');
  return { roots: [], keys };
}

/** The public key in a JWK. Throws an Error for none. */
export function readPublicKey(jwk: JsonObject): KeyObject {
  return createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
}

function readCertificate(pem: string, index: number): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new Error(`certificate ${index + 1} in it cannot be read`, { cause });
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("it is no JSON"); // the parser's own words would quote a secret
  }
}

function readKey(jwk: unknown, index: number): TrustedKey | undefined {
  if (!isJsonObject(jwk)) throw new Error(`key ${index + 1} in it is no object`);
  const { kty, use, key_ops: operations } = jwk;
  if (use !== undefined && use !== "sig") return undefined;
  if (Array.isArray(operations) && !operations.includes("verify")) return undefined;
  if (kty !== "RSA" && kty !== "EC" && kty !== "OKP" && kty !== "oct") return undefined;
  try {
    return toTrustedKey(kty === "oct" ? readSecret(jwk) : readPublicKey(jwk), jwk);
  } catch (error) {
    const reason = error instanceof TooShort ? error.message : `cannot be read as ${quoted(kty)}`;
    throw new Error(`key ${index + 1} in it ${reason}`);
  }
}

class TooShort extends Error {
  override readonly name = "TooShort";
}

function readSecret({ k }: JsonObject): KeyObject {
  const bytes = Buffer.from(typeof k === "string" ? k : "", "base64url");
  if (bytes.length < MIN_SECRET_BYTES)
    throw new TooShort(`has ${bytes.length} bytes; a secret needs ${MIN_SECRET_BYTES}`);
  return createSecretKey(bytes);
}

/** Undefined: no token can be signed with it. */
function toTrustedKey(key: KeyObject, { kid, alg }: JsonObject): TrustedKey | undefined {
  const given = typeof kid === "string" ? [kid] : [];
  const purpose = typeof alg === "string" ? { algorithm: alg } : {};
  if (key.type === "secret") return { key, ids: given, ...purpose };
  const thumbprint = thumbprintOf(key);
  if (thumbprint === undefined) return undefined;
  return { key, ids: [...given, thumbprint, libtrustIdOf(key)], thumbprint, ...purpose };
}

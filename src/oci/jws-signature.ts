// One signature of a signed document, as libtrust makes them: a key, an algorithm, a
// protected header that says how the payload is written, and the signature over both.
// docker image manifest v2 schema 1, Signed Manifests; RFC 7515.
import { type KeyObject, verify } from "node:crypto";
import { promisify } from "node:util";
import { readSigner } from "./jws-key.ts";
import { manifestInvalid, manifestUnverified, quoted } from "./manifest-errors.ts";
import { algorithmFits } from "./signature-algorithms.ts";
import { isJsonObject, type JsonObject, parseStrictObject } from "./strict-json.ts";

/** How the payload is found in a document: that many of its first bytes, and then the tail. */
export interface PayloadFormat {
  readonly length: number;
  readonly tail: Uint8Array;
}

export interface Signature {
  readonly algorithm: string;
  readonly key: KeyObject;
  /** The name that libtrust gives the key: "ABCD:EFGH:…". */
  readonly keyId: string;
  readonly format: PayloadFormat;
  /** As it is written into documents. */
  readonly json: {
    readonly header: JsonObject;
    readonly signature: string;
    readonly protected: string;
  };
}

/** What libtrust can make, with the digest of each. */
const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ...(["ES256", "RS256"] as const).map((name) => [name, "sha256"] as const),
  ...(["ES384", "RS384"] as const).map((name) => [name, "sha384"] as const),
  ...(["ES512", "RS512"] as const).map((name) => [name, "sha512"] as const),
]);

const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** What ends a JSON object. It has a brace and white space, and not much of that. */
const TAIL = /^[ \t\r\n]{0,100}\}[ \t\r\n]{0,100}$/;

const verifyInBackground = promisify(verify);

/** Reads a signature. Throws MANIFEST_INVALID; whether it is true is not looked at. */
export function readSignature(value: unknown): Signature {
  if (!isJsonObject(value) || !isJsonObject(value.header))
    throw manifestInvalid("a signature must be an object with a header");
  const { jwk, x5c, alg } = value.header;
  if (typeof alg !== "string") throw manifestInvalid('the header of a signature must have "alg"');
  const { key, keyId } = readSigner(value.header);
  const protectedText = readBase64Url(value.protected, "protected");
  return {
    algorithm: alg,
    key,
    keyId,
    format: readFormat(protectedText),
    json: {
      header: { ...(jwk !== undefined && { jwk }), alg, ...(x5c !== undefined && { x5c }) },
      signature: readBase64Url(value.signature, "signature"),
      protected: protectedText,
    },
  };
}

/** Throws MANIFEST_UNVERIFIED. `payload` is in base64url. The work is done beside the thread that everybody shares. */
export async function verifySignature(payload: Uint8Array, signature: Signature): Promise<void> {
  const { algorithm, key, keyId, json } = signature;
  const digest = ALGORITHMS.get(algorithm);
  if (digest === undefined || !algorithmFits(algorithm, key))
    throw manifestUnverified(`algorithm ${quoted(algorithm)} does not go with key ${keyId}`);
  const signed = Buffer.concat([Buffer.from(`${json.protected}.`), payload]);
  const bytes = Buffer.from(json.signature, "base64url");
  if (!(await isTrue(digest, signed, key, bytes)))
    throw manifestUnverified(`the signature of key ${keyId} is not of this manifest`);
}

/** OpenSSL throws at some signatures that no key could have made. */
async function isTrue(digest: string, signed: Buffer, key: KeyObject, bytes: Buffer): Promise<boolean> {
  try {
    return await verifyInBackground(digest, signed, { key, dsaEncoding: "ieee-p1363" }, bytes);
  } catch {
    return false;
  }
}

function readFormat(protectedText: string): PayloadFormat {
  const { formatLength, formatTail, crit } = readProtected(protectedText);
  if (crit !== undefined) throw manifestInvalid('"crit" of a protected header names what nobody here knows');
  if (typeof formatLength !== "number" || !Number.isSafeInteger(formatLength) || formatLength <= 0)
    throw manifestInvalid(`"formatLength" must be a number of bytes, not ${quoted(formatLength)}`);
  const tail = Buffer.from(readBase64Url(formatTail, "formatTail"), "base64url");
  if (!TAIL.test(tail.toString("latin1"))) throw manifestInvalid('"formatTail" must be the end of an object');
  return { length: formatLength, tail };
}

function readProtected(text: string): JsonObject {
  try {
    return parseStrictObject(Buffer.from(text, "base64url").toString(), { foldsCase: true });
  } catch (cause) {
    throw manifestInvalid("the protected header of a signature is not an object in base64url", cause);
  }
}

function readBase64Url(value: unknown, member: string): string {
  if (typeof value === "string" && value.length % 4 !== 1 && BASE64URL.test(value)) return value;
  throw manifestInvalid(`"${member}" of a signature must be base64url, not ${quoted(value)}`);
}

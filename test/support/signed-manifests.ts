// Signed manifests of Docker's schema 1, made as libtrust makes them, and as nobody should. Nothing of ours has a part
// in it, so that what reads them is tested.
import { createHash, createPublicKey, type KeyObject, sign } from "node:crypto";

export interface SigningOptions {
  /** Absent: what goes with the key. */
  readonly algorithm?: string;
  /** Instead of the key as a JWK with its id. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Members of the protected header, instead of those that are right. */
  readonly format?: Readonly<Record<string, unknown>>;
}

/** One signature, as it stands in a document. */
export interface WrittenSignature {
  readonly header: Readonly<Record<string, unknown>>;
  readonly signature: string;
  readonly protected: string;
}

const ALGORITHMS: Readonly<Record<string, string>> = {
  prime256v1: "ES256",
  secp384r1: "ES384",
  secp521r1: "ES512",
};

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** A payload: layers by their digests, each with a history that is unlike the others. */
export function schema1(
  layers: readonly string[],
  members: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return {
    name: "library/old",
    tag: "latest",
    architecture: "amd64",
    fsLayers: layers.map((blobSum) => ({ blobSum })),
    history: layers.map((_, index) => ({ v1Compatibility: JSON.stringify({ id: String(index) }) })),
    schemaVersion: 1,
    ...members,
  };
}

/** As Docker writes it. */
export function payloadOf(document: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(JSON.stringify(document, null, 3));
}

/** The payload must end with "\n}". */
export function signatureOf(
  payload: Buffer,
  key: KeyObject,
  { algorithm, header, format }: SigningOptions = {},
): WrittenSignature {
  const alg = algorithm ?? ALGORITHMS[key.asymmetricKeyDetails?.namedCurve ?? ""] ?? "RS256";
  const right = {
    formatLength: payload.length - 2,
    formatTail: Buffer.from("\n}").toString("base64url"),
    time: "2015-04-08T18:52:59Z",
  };
  const protectedText = Buffer.from(JSON.stringify({ ...right, ...format })).toString("base64url");
  const signed = Buffer.from(`${protectedText}.${payload.toString("base64url")}`);
  const bytes = sign(`sha${alg.slice(2)}`, signed, { key, dsaEncoding: "ieee-p1363" });
  return {
    header: { ...(header ?? { jwk: jwkOf(key) }), alg },
    signature: bytes.toString("base64url"),
    protected: protectedText,
  };
}

/** The document; it is written as libtrust does. */
export function signedWith(payload: Buffer, signatures: readonly unknown[]): Buffer {
  const list = JSON.stringify(signatures, null, 3).replaceAll("\n", "\n   ");
  return Buffer.concat([payload.subarray(0, -2), Buffer.from(`,\n   "signatures": ${list}\n}`)]);
}

/** The document with a signature of each key. */
export function signedBy(payload: Buffer, ...keys: readonly KeyObject[]): Buffer {
  return signedWith(
    payload,
    keys.map((key) => signatureOf(payload, key)),
  );
}

/** The public key, called what libtrust calls it. */
export function jwkOf(key: KeyObject): Readonly<Record<string, unknown>> {
  const publicKey = createPublicKey(key);
  const der = publicKey.export({ type: "spki", format: "der" });
  let bits = "";
  for (const byte of createHash("sha256").update(der).digest().subarray(0, 30))
    bits += byte.toString(2).padStart(8, "0");
  const text = (bits.match(/.{5}/g) ?? []).map((five) => BASE32[Number.parseInt(five, 2)]).join("");
  return { ...publicKey.export({ format: "jwk" }), kid: text.match(/.{4}/g)?.join(":") };
}

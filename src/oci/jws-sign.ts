// Signing a manifest as libtrust does. distribution from 2.5 on keeps no signatures: it
// signs schema 1 with a key of its own each time it serves it, and so must who takes such
// manifests over, since clients want one that is signed.
import { createPublicKey, type KeyObject, sign } from "node:crypto";
import { joinSignatures } from "./jws.ts";
import { readSignature } from "./jws-signature.ts";
import { libtrustIdOf } from "./key-ids.ts";
import { manifestInvalid } from "./manifest-errors.ts";

/** The one algorithm that libtrust knows for each curve, and the digest it is of. */
const CURVES: Readonly<Record<string, readonly [algorithm: string, digest: string]>> = {
  prime256v1: ["ES256", "sha256"],
  secp384r1: ["ES384", "sha384"],
  secp521r1: ["ES512", "sha512"],
};

/** The signed form of the payload, which must be a JSON object; `time` in milliseconds since 1970. Throws MANIFEST_INVALID. */
export function signPayload(payload: Uint8Array, key: KeyObject, time: number): Uint8Array {
  const [algorithm, digest] = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ""] ?? ["RS256", "sha256"];
  const protectedText = protectedHeader(payload, time);
  const signed = Buffer.from(`${protectedText}.${Buffer.from(payload).toString("base64url")}`);
  const publicKey = createPublicKey(key);
  const signature = readSignature({
    header: { jwk: { ...publicKey.export({ format: "jwk" }), kid: libtrustIdOf(publicKey) }, alg: algorithm },
    signature: sign(digest, signed, { key, dsaEncoding: "ieee-p1363" }).toString("base64url"),
    protected: protectedText,
  });
  return joinSignatures({ payload, signatures: [signature] });
}

/** Where the object ends but for its last brace and the white space around it. */
function protectedHeader(payload: Uint8Array, time: number): string {
  const text = Buffer.from(payload).toString("latin1");
  const tail = /[ \t\r\n]*\}[ \t\r\n]*$/.exec(text.slice(-200));
  if (tail === null) throw manifestInvalid("what is signed must be a JSON object");
  const header = {
    formatLength: payload.length - tail[0].length,
    formatTail: Buffer.from(tail[0], "latin1").toString("base64url"),
    time: `${new Date(time).toISOString().slice(0, 19)}Z`,
  };
  return Buffer.from(JSON.stringify(header)).toString("base64url");
}

// The public key that a signature says it was made with: a JWK, or the first of a chain
// of certificates. Whose key it is, and whether the chain can be believed, is not asked:
// that is for those who pull. RFC 7515, 4.1.3 and 4.1.6; RFC 7518, 6.
import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { libtrustIdOf } from "./key-ids.ts";
import { manifestInvalid, quoted } from "./manifest-errors.ts";
import { isJsonObject, type JsonObject } from "./strict-json.ts";

export interface Signer {
  readonly key: KeyObject;
  /** The name that libtrust gives the key. */
  readonly keyId: string;
}

/** Longer keys are slow to check with, and nobody has them. In bits. */
const MAX_RSA_BITS = 8192;

const MAX_CHAIN = 16;

/** The public members of a key. Others are not looked at: a private key must not get anywhere. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = { EC: ["crv", "x", "y"], RSA: ["n", "e"] };

/** Reads the signer from the header of a signature. Throws MANIFEST_INVALID. */
export function readSigner({ jwk, x5c }: JsonObject): Signer {
  const named = jwk === undefined ? undefined : fromJwk(jwk);
  const certified = x5c === undefined ? undefined : fromChain(x5c);
  const signer = certified ?? named;
  if (signer === undefined) throw manifestInvalid('the header of a signature must have "jwk" or "x5c"');
  if (named !== undefined && named.keyId !== signer.keyId)
    throw manifestInvalid('"jwk" and "x5c" of a signature are different keys');
  return signer;
}

function fromJwk(jwk: unknown): Signer {
  if (!isJsonObject(jwk)) throw manifestInvalid('"jwk" must be an object');
  const { kty, kid } = jwk;
  const members = typeof kty === "string" && Object.hasOwn(MEMBERS, kty) ? MEMBERS[kty] : undefined;
  if (typeof kty !== "string" || members === undefined)
    throw manifestInvalid(`a key of type ${quoted(kty)} cannot sign manifests`);
  const texts = textsOf(jwk, members);
  const signer = signerOf(() => createPublicKey({ key: { kty, ...texts }, format: "jwk" }));
  if (kid !== undefined && kid !== signer.keyId)
    throw manifestInvalid(`the key's "kid" is ${quoted(kid)}, but its digest says ${signer.keyId}`);
  return signer;
}

function textsOf(jwk: JsonObject, members: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    members.map((member) => {
      const value = jwk[member];
      if (typeof value !== "string") throw manifestInvalid(`"${member}" of a key must be text`);
      return [member, value];
    }),
  );
}

function fromChain(x5c: unknown): Signer {
  if (!Array.isArray(x5c) || x5c.length > MAX_CHAIN || x5c.some((entry) => typeof entry !== "string"))
    throw manifestInvalid(`"x5c" must be a list of at most ${MAX_CHAIN} certificates`);
  const [first = ""]: readonly string[] = x5c;
  return signerOf(() => new X509Certificate(Buffer.from(first, "base64")).publicKey);
}

function signerOf(read: () => KeyObject): Signer {
  const key = tryRead(read);
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) > MAX_RSA_BITS)
    throw manifestInvalid(`an RSA key may have at most ${MAX_RSA_BITS} bits`);
  return { key, keyId: libtrustIdOf(key) };
}

function tryRead(read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch (cause) {
    throw manifestInvalid("the key of a signature cannot be read", cause);
  }
}

// Which signatures can be made with which keys. What is signed names its algorithm, but the
// key decides which it may name: else a public key would do as a shared secret.
// RFC 7518, 3; RFC 8037, 3.1; RFC 8725, 3.1.
import type { KeyObject } from "node:crypto";

const HMAC = ["HS256", "HS384", "HS512"] as const;

/** Signatures with a private key, which everybody can check and nobody else can make. */
export const ASYMMETRIC_ALGORITHMS: readonly string[] = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA"],
];

/** All that can be checked. */
export const SIGNATURE_ALGORITHMS: readonly string[] = [...HMAC, ...ASYMMETRIC_ALGORITHMS];

const CURVES: Readonly<Record<string, string>> = {
  ES256: "prime256v1",
  ES384: "secp384r1",
  ES512: "secp521r1",
};

/** Whether the algorithm goes with the key. */
export function algorithmFits(algorithm: string, key: KeyObject): boolean {
  if (key.type === "secret") return HMAC.some((known) => known === algorithm);
  if (key.type !== "public" || !ASYMMETRIC_ALGORITHMS.includes(algorithm)) return false;
  if (algorithm === "EdDSA") return key.asymmetricKeyType === "ed25519";
  if (!algorithm.startsWith("ES")) return key.asymmetricKeyType === "rsa";
  return key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === CURVES[algorithm];
}

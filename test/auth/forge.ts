// Tokens as nobody should make them: any header, any claims as text, any signature.
import { createHmac, type KeyObject, sign } from "node:crypto";

export interface Forgery {
  readonly header: object | string;
  readonly claims: object | string;
  /** Over the text before the second dot. */
  readonly signature: (input: string) => string;
}

export function forge({ header, claims, signature }: Forgery): string {
  const input = [header, claims].map(encode).join(".");
  return `${input}.${signature(input)}`;
}

/** RS256, or ES256 with a key on P-256. */
export function signedBy(key: KeyObject): (input: string) => string {
  return (input) =>
    sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }).toString("base64url");
}

/** HS256. */
export function authenticatedBy(secret: string | Uint8Array): (input: string) => string {
  return (input) => createHmac("sha256", secret).update(input).digest("base64url");
}

function encode(part: object | string): string {
  return Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");
}

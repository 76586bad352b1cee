// The text of tokens that mean nothing by themselves: a prefix, 32 random bytes, and
// a checksum, so that scanners for leaked secrets recognise them, and typing errors
// show. Only hashes are kept: with 256 random bits, a fast one is as good as a slow one.
import { hash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

export const ACCESS_TOKEN_PREFIX = "stow_";

export const REFRESH_TOKEN_PREFIX = "stor_";

export type SecretPrefix = typeof ACCESS_TOKEN_PREFIX | typeof REFRESH_TOKEN_PREFIX;

const RANDOM_BYTES = 32;
const RANDOM_LENGTH = 43; // of 32 bytes as base64url
const FORM = /^[A-Za-z0-9_-]{49}$/;

export function makeSecretToken(prefix: SecretPrefix): string {
  const secret = prefix + randomBytes(RANDOM_BYTES).toString("base64url");
  return secret + checksumOf(secret);
}

/** True: it can be one that makeSecretToken made. False: nobody needs to be asked. */
export function isSecretToken(prefix: SecretPrefix, text: string): boolean {
  if (!text.startsWith(prefix) || !FORM.test(text.slice(prefix.length))) return false;
  const end = prefix.length + RANDOM_LENGTH;
  return checksumOf(text.slice(0, end)) === text.slice(end);
}

/** What is kept of a token, and found by: as only who has the token can make it, looking for it tells nothing by its time. */
export function hashOfToken(text: string): string {
  return hash("sha256", text, "base64url");
}

/** Six characters. */
function checksumOf(text: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(text));
  return bytes.toString("base64url");
}

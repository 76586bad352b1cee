// Checks passwords against their hashes, off the main thread.
//
// bcrypt takes the first 72 bytes of a password; what is behind them is ignored,
// here as by every program that made such hashes. argon2id takes all.
import { hash } from "node:crypto";
import argon2 from "@node-rs/argon2";
import bcrypt from "@node-rs/bcrypt";
import { parsePasswordHash } from "../config/password-hash.ts";

/** OWASP, Password Storage Cheat Sheet: argon2id with 19 MiB of memory, two passes, one lane. */
const OWASP = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Whether the text is a hash that can be checked: bcrypt or argon2id, and not too much work. */
export function isPasswordHash(text: string): boolean {
  try {
    return parsePasswordHash(text) !== undefined;
  } catch {
    return false;
  }
}

/** Whether the hash was made of this password. False for what is no hash. */
export async function verifyPassword(passwordHash: string, password: string): Promise<boolean> {
  // bcrypt ends a password with a NUL and begins again: "a" and "a\0a" are one to it. RFC 7617, 2 forbids it.
  if (!isPasswordHash(passwordHash) || password.includes("\0")) return false;
  return passwordHash.startsWith("$argon2id$")
    ? argon2.verify(passwordHash, password)
    : bcrypt.verify(password, passwordHash);
}

/** An argon2id hash of the password, as the users file holds it. */
export function hashPassword(password: string): Promise<string> {
  return argon2.hash(password, OWASP);
}

/** The binary logarithm of the rounds: about a quarter of a second. */
const BCRYPT_COST = 12;

/** A bcrypt hash of the password, as htpasswd files hold it. */
export function hashWithBcrypt(password: string): Promise<string> {
  return bcrypt.hash(password, BCRYPT_COST);
}

/** Changes whenever the hash does, and tells nothing of it. */
export function fingerprintOf(passwordHash: string | undefined): string | undefined {
  return passwordHash && hash("sha256", `fingerprint ${passwordHash}`, "base64url").slice(0, 22);
}

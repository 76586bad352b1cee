// A digest is a content's name: "<algorithm>:<hex>". image-spec, Descriptor, Digests.
import { createHash, type Hash } from "node:crypto";
import { RegistryError } from "./errors.ts";

declare const digestBrand: unique symbol;

/** A well-formed digest of an algorithm this registry computes. */
export type Digest = string & { readonly [digestBrand]: true };

/** The registered algorithms, and how many hex characters each has. image-spec, Registered algorithms. */
export const DIGEST_ALGORITHMS = { sha256: 64, sha512: 128 } as const;

export type DigestAlgorithm = keyof typeof DIGEST_ALGORITHMS;

/** What content is hashed with where nobody said otherwise. */
export const DEFAULT_DIGEST_ALGORITHM: DigestAlgorithm = "sha256";

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** The longest value an error message quotes. */
const QUOTED_LENGTH = 160;

/** Turns text into a Digest; throws DIGEST_INVALID and says what is wrong with it. */
export function parseDigest(text: string): Digest {
  if (DIGEST.test(text)) return text as Digest;
  throw new RegistryError("DIGEST_INVALID", { digest: quote(text) }, { message: digestProblem(text) });
}

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith("sha256:") ? "sha256" : "sha512";
}

/** The part behind the colon. */
export function digestHex(digest: Digest): string {
  return digest.slice(7); // "sha256:" and "sha512:" are both seven characters
}

/** Turns text into an algorithm; throws DIGEST_INVALID for one this registry does not compute. */
export function parseDigestAlgorithm(text: string): DigestAlgorithm {
  if (Object.hasOwn(DIGEST_ALGORITHMS, text)) return text as DigestAlgorithm;
  const message = `digest algorithm "${quote(text)}" is not supported; use sha256 or sha512`;
  throw new RegistryError("DIGEST_INVALID", { algorithm: quote(text) }, { message });
}

/** A running hash: update it with bytes, then ask for the digest. */
export class Digester {
  readonly algorithm: DigestAlgorithm;
  readonly #hash: Hash;

  constructor(algorithm: DigestAlgorithm) {
    this.algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** The digest of all bytes so far. More bytes may follow. */
  digest(): Digest {
    return `${this.algorithm}:${this.#hash.copy().digest("hex")}` as Digest;
  }
}

/** The digest of these bytes. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = DEFAULT_DIGEST_ALGORITHM): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` as Digest;
}

function digestProblem(text: string): string {
  const colon = text.indexOf(":");
  const shown = `digest "${quote(text)}"`;
  if (colon < 0) return `${shown} must have the form <algorithm>:<hex>`;
  const algorithm = text.slice(0, colon);
  if (!Object.hasOwn(DIGEST_ALGORITHMS, algorithm)) return `${shown} must be of algorithm sha256 or sha512`;
  return `${shown} must have ${DIGEST_ALGORITHMS[algorithm as DigestAlgorithm]} lower-case hex characters`;
}

function quote(text: string): string {
  return text.length > QUOTED_LENGTH ? `${text.slice(0, QUOTED_LENGTH)}…` : text;
}

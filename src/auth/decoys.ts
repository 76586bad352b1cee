// Hashes of nobody's password. Who asks for an unknown user waits for the check of one,
// so that the time of an answer does not tell which users there are.
import { createHmac, randomBytes } from "node:crypto";
import { type PasswordHash, parsePasswordHash } from "../config/password-hash.ts";

/** Checked where there are no hashes to be like: argon2id as hashPassword makes it. */
export const DECOY = `$argon2id$v=19$m=19456,t=2,p=1$${"A".repeat(22)}$${"A".repeat(43)}`;

/**
 * Stands in for the users there are not. Which of the file's kinds and costs a name gets is drawn from all of its
 * hashes, and stays the same for that name: where a file mixes them, unknown names are mixed alike.
 */
export class Decoys {
  readonly #key = randomBytes(32);
  /** One for each of the file's hashes; equal ones are the same text. */
  readonly #decoys: readonly string[];

  /** `hashes`: all that the file has. */
  constructor(hashes: readonly string[]) {
    const decoys = hashes.flatMap((text) => {
      const hash = parsePasswordHash(text);
      return hash === undefined ? [] : [decoyOf(hash)];
    });
    this.#decoys = decoys.length > 0 ? decoys : [DECOY];
  }

  /** The hash to check instead of the one that this name has not. No password fits it. */
  for(name: string): string {
    const draw = createHmac("sha256", this.#key).update(name).digest().readUInt32BE();
    return this.#decoys[draw % this.#decoys.length] ?? DECOY;
  }
}

/** A hash of the same kind and cost, with salt and digest of zeros. */
function decoyOf(hash: PasswordHash): string {
  if (hash.kind === "bcrypt") return `$2b$${String(hash.cost).padStart(2, "0")}$${".".repeat(53)}`;
  const { memoryKib, passes, lanes, saltLength, digestLength } = hash;
  const [salt, digest] = ["A".repeat(saltLength), "A".repeat(digestLength)];
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${salt}$${digest}`;
}

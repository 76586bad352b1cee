// What a client is told when the catalogue's disk refuses.
import { RegistryError } from "../oci/errors.ts";

const FULL_CODES: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);

// LevelDB hands on the system's sentence and no code, so this one place has to read it:
// "IO error: <folder>/000003.log: No space left on device".
const FULL_SENTENCE = /no space left on device|quota exceeded/i;

/** INSUFFICIENT_STORAGE when the disk or a quota is full, else UNAVAILABLE. */
export function storageError(cause: unknown): RegistryError {
  if (isFull(cause)) return new RegistryError("INSUFFICIENT_STORAGE", {}, { cause });
  return new RegistryError("UNAVAILABLE", {}, { message: "the catalogue cannot be used now", cause });
}

function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && FULL_CODES.has(error.code)) return true;
  return FULL_SENTENCE.test(error.message) || isFull(error.cause);
}

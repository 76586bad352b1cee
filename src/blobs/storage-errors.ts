// What a disk's failure means to a client: no space, or not now. Other failures
// stay as they are, such as ENOENT, which callers look for.
import { type ErrorCode, RegistryError } from "../oci/errors.ts";

const CODES: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: "INSUFFICIENT_STORAGE",
  EDQUOT: "INSUFFICIENT_STORAGE",
  EROFS: "UNAVAILABLE",
  EIO: "UNAVAILABLE",
  EACCES: "UNAVAILABLE",
  EPERM: "UNAVAILABLE",
  EMFILE: "UNAVAILABLE",
  ENFILE: "UNAVAILABLE",
  ENOMEM: "UNAVAILABLE",
  EBUSY: "UNAVAILABLE",
  ESTALE: "UNAVAILABLE",
  ENODEV: "UNAVAILABLE",
  ENXIO: "UNAVAILABLE",
  ETIMEDOUT: "UNAVAILABLE",
};

/** The RegistryError that a system error amounts to, or the error itself. No path reaches the client. */
export function storageError(error: NodeJS.ErrnoException): Error {
  const code = CODES[error.code ?? ""];
  return code === undefined ? error : new RegistryError(code, {}, { cause: error });
}

/** True when the disk has no room for what was to be written. */
export function isNoSpace({ code }: NodeJS.ErrnoException): boolean {
  return CODES[code ?? ""] === "INSUFFICIENT_STORAGE";
}

/** True for a system error with this code, such as "ENOENT". */
export function isSystemError(error: unknown, code: string): boolean {
  return (
    error instanceof Error && "code" in error && error.code === code && !(error instanceof RegistryError)
  );
}

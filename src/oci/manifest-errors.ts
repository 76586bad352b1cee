// What is said of a manifest that cannot be accepted.
import { RegistryError } from "./errors.ts";

/** The longest value that a message quotes, in characters. */
const QUOTED_LENGTH = 100;

/** The document is wrong. */
export function manifestInvalid(message: string, cause?: unknown): RegistryError {
  return new RegistryError("MANIFEST_INVALID", {}, { message, ...(cause !== undefined && { cause }) });
}

/** A signature is wrong. */
export function manifestUnverified(message: string, cause?: unknown): RegistryError {
  return new RegistryError("MANIFEST_UNVERIFIED", {}, { message, ...(cause !== undefined && { cause }) });
}

export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > QUOTED_LENGTH ? `${text.slice(0, QUOTED_LENGTH)}…` : text;
}

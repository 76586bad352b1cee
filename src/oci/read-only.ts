// What is answered to who would change content while the registry only reads.
import { type ErrorMetadata, RegistryError } from "./errors.ts";

/** The key of the configuration that says so. */
const SETTING = "storage.maintenance.readonly.enabled";

/** UNSUPPORTED, as distribution answers. */
export function readOnlyError(): RegistryError {
  const message = `the registry is read-only (${SETTING}); nothing can be pushed, changed or deleted`;
  return new RegistryError("UNSUPPORTED", { setting: SETTING }, { message });
}

/** True for the facts of such an error. */
export function isReadOnlyError(metadata: ErrorMetadata | undefined): boolean {
  return metadata?.setting === SETTING;
}

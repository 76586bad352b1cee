// Reads a pushed manifest whole.
import { RegistryError } from "../src/oci/errors.ts";
import type { Exchange } from "./exchange.ts";
import { readWholeBody } from "./read-whole-body.ts";

/** The manifest's bytes. Throws MANIFEST_INVALID with a limit, REQUEST_TIMEOUT or ClientGone. */
export function readManifestBody(exchange: Exchange): Promise<Uint8Array<ArrayBuffer>> {
  const limit = exchange.limits.maxManifestSize;
  return readWholeBody(exchange, { limit, tooLarge: () => tooLarge(limit) });
}

function tooLarge(limit: number): RegistryError {
  const message = `the manifest is larger than ${limit} bytes, which is the most that is accepted`;
  return new RegistryError("MANIFEST_INVALID", { limit: String(limit) }, { message });
}

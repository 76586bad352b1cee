// Reads a pushed manifest whole. It lies in memory until its sender is done or gives
// up, so a large one is read only of who may push.
import { RegistryError } from "../src/oci/errors.ts";
import type { Exchange } from "./exchange.ts";
import { contentLength } from "./http-messages.ts";
import { demandPush } from "./push-access.ts";
import { readWholeBody } from "./read-whole-body.ts";

/** Nearly all manifests are smaller: the registry is asked once, with the manifest. In bytes. */
const SMALL = 64 * 1024;

/** The manifest's bytes. Throws MANIFEST_INVALID with a limit, UNAUTHORIZED, DENIED, REQUEST_TIMEOUT or ClientGone. */
export async function readManifestBody(exchange: Exchange): Promise<Uint8Array<ArrayBuffer>> {
  if ((contentLength(exchange.request) ?? Number.POSITIVE_INFINITY) > SMALL) await demandPush(exchange);
  const limit = exchange.limits.maxManifestSize;
  return readWholeBody(exchange, { limit, tooLarge: () => tooLarge(limit) });
}

function tooLarge(limit: number): RegistryError {
  const message = `the manifest is larger than ${limit} bytes, which is the most that is accepted`;
  return new RegistryError("MANIFEST_INVALID", { limit: String(limit) }, { message });
}

// Reads a pushed manifest whole, and gives up as soon as it is too large.
import { RegistryError } from "../src/oci/errors.ts";
import type { Exchange } from "./exchange.ts";
import { contentLength } from "./http-messages.ts";
import { RequestBody } from "./read-body.ts";

/** The manifest's bytes. Throws MANIFEST_INVALID with a limit, REQUEST_TIMEOUT or ClientGone. */
export async function readManifestBody({ request, limits }: Exchange): Promise<Uint8Array<ArrayBuffer>> {
  const limit = limits.maxManifestSize;
  if ((contentLength(request) ?? 0) > limit) throw tooLarge(limit);
  const body = new RequestBody(request, limits.progressTimeoutMs);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > limit) throw tooLarge(limit);
      chunks.push(chunk);
    }
  } finally {
    body.release();
  }
  return Buffer.concat(chunks, size);
}

function tooLarge(limit: number): RegistryError {
  const message = `the manifest is larger than ${limit} bytes, which is the most that is accepted`;
  return new RegistryError("MANIFEST_INVALID", { limit: String(limit) }, { message });
}

// What every body of UploadStore holds against an upload, in the same words.
import { type Digest, digestAlgorithm, digestOf } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import type { WriteOptions } from "./upload-store.ts";

/** Throws RANGE_INVALID with the real offset, when the first byte does not belong there. */
export function checkOffset(id: string, size: number, options: WriteOptions): void {
  const { offset = size } = options;
  if (offset === size) return;
  const message = `upload ${id} continues at offset ${size}, not ${offset}`;
  throw new RegistryError("RANGE_INVALID", { upload: id, offset: String(size) }, { message });
}

/** Throws DIGEST_INVALID when the bytes have another digest than the client says. */
export function checkDigest(
  id: string,
  digests: { readonly actual: Digest; readonly expected: Digest },
): void {
  const { actual, expected } = digests;
  if (actual === expected) return;
  const message = `upload ${id} has digest ${actual}, not ${expected}`;
  throw new RegistryError("DIGEST_INVALID", { upload: id, digest: expected, actual }, { message });
}

/** True when the bytes have this digest. */
export function isContentOf(digest: Digest, bytes: Uint8Array): boolean {
  return digestOf(bytes, digestAlgorithm(digest)) === digest;
}

/** What the digest must be when there are no bytes. */
export function emptyDigest(like: Digest): Digest {
  return digestOf(new Uint8Array(0), digestAlgorithm(like));
}

/** The chunks, of which no more than the promised size gets through. Throws SIZE_INVALID where the promise is broken. */
export async function* ofSize(
  chunks: AsyncIterable<Uint8Array>,
  size: number | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let received = 0;
  for await (const chunk of chunks) {
    const room = size === undefined ? chunk.length : size - received;
    received += chunk.length;
    yield chunk.length <= room ? chunk : chunk.subarray(0, room);
    if (size !== undefined && received > size) throw sizeInvalid(size, `more than ${size}`);
  }
  if (size !== undefined && received < size) throw sizeInvalid(size, String(received));
}

function sizeInvalid(size: number, received: string): RegistryError {
  const message = `the request announced ${size} bytes and brought ${received}`;
  return new RegistryError("SIZE_INVALID", { size: String(size) }, { message });
}

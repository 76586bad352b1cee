// Blobs in memory, for tests. Keeps every promise of BlobStore but durability.
import type { Digest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import type { BlobStore, ByteRange, ListedBlob } from "./blob-store.ts";

const CHUNK_SIZE = 64 * 1024;

export class MemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<Digest, Uint8Array>();

  async stat(digest: Digest): Promise<number | undefined> {
    return this.#blobs.get(digest)?.length;
  }

  async *read(
    digest: Digest,
    range: ByteRange,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const content = this.#demand(digest);
    const { offset, limit = content.length } = range;
    if (offset > content.length) throw new Error(`blob ${digest} ends before byte ${offset}`);
    const end = Math.min(offset + limit, content.length);
    for (let position = offset; position < end; position += CHUNK_SIZE) {
      signal?.throwIfAborted();
      yield content.slice(position, Math.min(position + CHUNK_SIZE, end));
    }
    signal?.throwIfAborted();
  }

  async get(digest: Digest): Promise<Uint8Array | undefined> {
    return this.#blobs.get(digest)?.slice();
  }

  async put(digest: Digest, content: Uint8Array): Promise<void> {
    this.#blobs.set(digest, Uint8Array.from(content));
  }

  async delete(digest: Digest): Promise<boolean> {
    return this.#blobs.delete(digest);
  }

  async *list(): AsyncGenerator<ListedBlob, void, undefined> {
    for (const [digest, content] of [...this.#blobs]) yield { digest, size: content.length };
  }

  async close(): Promise<void> {}

  #demand(digest: Digest): Uint8Array {
    const content = this.#blobs.get(digest);
    if (content !== undefined) return content;
    throw new RegistryError("BLOB_UNKNOWN", { digest }, { message: `blob ${digest} is not in the store` });
  }
}

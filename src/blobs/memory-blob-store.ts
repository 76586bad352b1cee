// Blobs in memory, for tests. Keeps every promise of BlobStore but durability.
import type { Digest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import type { StoredBlob } from "./blob-inspection.ts";
import type { BlobStore, ByteRange, ListedBlob } from "./blob-store.ts";

const CHUNK_SIZE = 64 * 1024;

export class MemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<Digest, Uint8Array>();
  readonly #aside = new Map<Digest, Uint8Array>();
  readonly #versions = new Map<Digest, number>();

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
    if (range.size !== undefined && range.size !== content.length) throw blobUnknown(digest);
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
    this.#versions.set(digest, (this.#versions.get(digest) ?? 0) + 1);
  }

  async delete(digest: Digest): Promise<boolean> {
    return this.#blobs.delete(digest);
  }

  async sync(): Promise<void> {}

  async *list(): AsyncGenerator<ListedBlob, void, undefined> {
    for (const [digest, content] of [...this.#blobs]) yield { digest, size: content.length };
  }

  async inspect(digest: Digest): Promise<StoredBlob | undefined> {
    const content = this.#blobs.get(digest);
    const version = String(this.#versions.get(digest));
    return content === undefined ? undefined : { size: content.length, changeTime: 0, version, isFile: true };
  }

  readStored(digest: Digest, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    return this.read(digest, { offset: 0 }, signal);
  }

  async quarantine(digest: Digest): Promise<boolean> {
    const content = this.#blobs.get(digest);
    if (content === undefined) return false;
    this.#aside.set(digest, content);
    return this.#blobs.delete(digest);
  }

  async *strays(): AsyncGenerator<never, void, undefined> {}

  async removeStray(): Promise<boolean> {
    return false;
  }

  async close(): Promise<void> {}

  #demand(digest: Digest): Uint8Array {
    const content = this.#blobs.get(digest);
    if (content !== undefined) return content;
    throw blobUnknown(digest);
  }
}

function blobUnknown(digest: Digest): RegistryError {
  return new RegistryError("BLOB_UNKNOWN", { digest }, { message: `blob ${digest} is not in the store` });
}

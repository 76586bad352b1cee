// Uploads in memory, for tests. Keeps every promise of UploadStore but durability.
import { type Digest, digestAlgorithm, digestOf } from "../oci/digest.ts";
import type { BlobStore } from "./blob-store.ts";
import { checkDigest, checkOffset, ofSize } from "./upload-checks.ts";
import { checkUploadId } from "./upload-id.ts";
import { UploadLock } from "./upload-lock.ts";
import type { FinishedUpload, UploadStore, WriteOptions } from "./upload-store.ts";

interface WrittenBytes {
  readonly bytes: Buffer;
  readonly time: number;
}

export class MemoryUploadStore implements UploadStore {
  readonly #blobs: BlobStore;
  readonly #lock: UploadLock;
  readonly #now: () => number;
  readonly #uploads = new Map<string, WrittenBytes>();

  /** The clock gives milliseconds since 1970. */
  constructor(options: { readonly blobs: BlobStore; readonly now: () => number }) {
    this.#blobs = options.blobs;
    this.#lock = new UploadLock(options.now);
    this.#now = options.now;
  }

  async size(id: string): Promise<number> {
    return this.#bytes(id).length;
  }

  async lastWrite(id: string): Promise<number | undefined> {
    checkUploadId(id);
    return this.#lock.isHeld(id) ? this.#now() : this.#uploads.get(id)?.time;
  }

  begin(): void {}

  async write(id: string, options: WriteOptions, chunks: AsyncIterable<Uint8Array>): Promise<number> {
    checkUploadId(id);
    return this.#lock.hold(id, () => this.#write(id, options, chunks));
  }

  async commit(id: string, digest: Digest): Promise<number> {
    checkUploadId(id);
    return this.#lock.hold(id, () => this.#commit(id, digest));
  }

  async finish(
    id: string,
    options: WriteOptions,
    digest: Digest,
    chunks: AsyncIterable<Uint8Array>,
  ): Promise<FinishedUpload> {
    checkUploadId(id);
    return this.#lock.hold(id, async () => {
      await this.#write(id, options, chunks);
      return { size: await this.#commit(id, digest), remains: true };
    });
  }

  async discard(id: string): Promise<void> {
    checkUploadId(id);
    return this.#lock.hold(id, async () => void this.#uploads.delete(id));
  }

  async discardWhere(
    id: string,
    isOver: (lastWrite: number | undefined) => boolean | Promise<boolean>,
  ): Promise<boolean> {
    checkUploadId(id);
    return this.#lock.hold(id, async () => {
      const isDropped = await isOver(this.#uploads.get(id)?.time);
      if (isDropped) this.#uploads.delete(id);
      return isDropped;
    });
  }

  async *list(): AsyncGenerator<string, void, undefined> {
    yield* [...this.#uploads.keys()];
  }

  async close(): Promise<void> {}

  async #write(id: string, options: WriteOptions, chunks: AsyncIterable<Uint8Array>): Promise<number> {
    checkOffset(id, this.#bytes(id).length, options);
    await this.#append(id, ofSize(chunks, options.size));
    return this.#bytes(id).length;
  }

  async #commit(id: string, digest: Digest): Promise<number> {
    const content = this.#bytes(id);
    checkDigest(id, { actual: digestOf(content, digestAlgorithm(digest)), expected: digest });
    await this.#blobs.put(digest, content);
    return content.length;
  }

  async #append(id: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const before = this.#bytes(id);
    const parts = [before];
    try {
      for await (const chunk of chunks) parts.push(Buffer.from(chunk));
    } finally {
      const bytes = Buffer.concat(parts);
      if (bytes.length > before.length) this.#uploads.set(id, { bytes, time: this.#now() });
    }
  }

  #bytes(id: string): Buffer {
    checkUploadId(id);
    return this.#uploads.get(id)?.bytes ?? Buffer.alloc(0);
  }
}

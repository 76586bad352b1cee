// Small blobs that were read or written lately, in memory. Their bytes never change, so the
// one thing that can go wrong is to remember a blob that has been deleted.
import { LRUCache } from "lru-cache";
import { type Digest, digestAlgorithm, digestOf } from "../oci/digest.ts";

/** The largest content that is kept, in bytes. */
export const HOT_BLOB_SIZE = 64 * 1024;

/** How much is kept of what was read, in bytes. */
export const READ_BYTES = 32 * 1024 * 1024;

/** The largest content that is kept because it was written, in bytes: configs of images are smaller. */
export const FRESH_BLOB_SIZE = 16 * 1024;

/** How much is kept of what was written, in bytes: a manifest's config is asked for soon after, when that is pushed. */
export const FRESH_BYTES = 1024 * 1024;

/** What an entry costs besides its content, in bytes. */
const ENTRY_COST = 256;

export class HotBlobs {
  readonly #contents: LRUCache<Digest, Uint8Array>;
  #deletions = 0;

  /** At most so many bytes are kept. */
  constructor(maxSize: number) {
    this.#contents = new LRUCache({
      maxSize,
      sizeCalculation: (content) => content.length + ENTRY_COST,
    });
  }

  get(digest: Digest): Uint8Array | undefined {
    return this.#contents.get(digest);
  }

  /**
   * To be called before a blob is read from disk, or written to it; the function it returns keeps the
   * content, unless something was deleted since (it may have been this blob) or the
   * file is damaged.
   */
  expect(digest: Digest): (content: Uint8Array) => void {
    const deletions = this.#deletions;
    return (content) => {
      if (content.length > HOT_BLOB_SIZE || deletions !== this.#deletions) return;
      if (digestOf(content, digestAlgorithm(digest)) === digest) this.#contents.set(digest, content);
    };
  }

  /** To be called before a blob is deleted and again afterwards. */
  forget(digest: Digest): void {
    this.#deletions += 1;
    this.#contents.delete(digest);
  }
}

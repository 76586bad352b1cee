// Small blobs that were read lately, in memory. Their bytes never change, so the
// one thing that can go wrong is to remember a blob that has been deleted.
import { LRUCache } from "lru-cache";
import { type Digest, digestAlgorithm, digestOf } from "../oci/digest.ts";

/** The largest content that is kept, in bytes. */
export const HOT_BLOB_SIZE = 64 * 1024;

const MAX_BYTES = 32 * 1024 * 1024;

/** What an entry costs besides its content, in bytes. */
const ENTRY_COST = 256;

export class HotBlobs {
  readonly #contents = new LRUCache<Digest, Uint8Array>({
    maxSize: MAX_BYTES,
    sizeCalculation: (content) => content.length + ENTRY_COST,
  });
  #deletions = 0;

  get(digest: Digest): Uint8Array | undefined {
    return this.#contents.get(digest);
  }

  /**
   * To be called before a blob is read from disk; the function it returns keeps the
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

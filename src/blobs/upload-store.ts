// Bytes on their way to become a blob, by upload id. Every body of this
// interface passes test/contract/upload-store-contract.ts.
//
// An id that was never written to is an upload of zero bytes: who may write to
// which id is decided upstairs. One writer at a time: write, commit and discard
// of an id that is being written to throw BLOB_UPLOAD_INVALID, whichever way they are asked for.
import type { Digest, DigestAlgorithm } from "../oci/digest.ts";

export interface WriteOptions {
  /** Where the first byte belongs. Absent: at the end. Elsewhere throws RANGE_INVALID with the real offset. */
  readonly offset?: number;
  /** How many bytes will come. Absent: unknown. When more or fewer come, these many at most are kept and SIZE_INVALID is thrown. */
  readonly size?: number;
  /** What to hash with while the bytes pass: what commit is most likely to ask for. */
  readonly algorithm: DigestAlgorithm;
}

/** How an upload was finished. */
export interface FinishedUpload {
  /** The blob's size in bytes. */
  readonly size: number;
  /** True: the upload still has its bytes, and is to be discarded. */
  readonly remains: boolean;
}

export interface UploadStore {
  /** Tells that an upload begins. Not necessary; an upload that is known to be new is finished faster. */
  begin(id: string): void;

  /** How many bytes the upload holds, exact also after a crash. */
  size(id: string): Promise<number>;

  /**
   * When bytes were last written, in milliseconds since 1970, also after a crash; undefined when it has none. Now,
   * while it is in use: a writer that waits for its client is at it too.
   */
  lastWrite(id: string): Promise<number | undefined>;

  /**
   * Appends the chunks, waiting for each write, and resolves to the new size once
   * everything is durable. A chunk's memory may be used again when the next one is
   * asked for. When the chunks throw, what came before is kept, and the same error
   * is thrown on.
   */
  write(id: string, options: WriteOptions, chunks: AsyncIterable<Uint8Array>): Promise<number>;

  /**
   * Makes the bytes a blob under this digest and resolves to its size; the blob is
   * durable then, and has these bytes whatever was there. The upload stays until it is discarded, so that a crash before
   * the catalogue knows of the blob can be repeated. Throws DIGEST_INVALID when
   * the bytes have another digest; the upload is untouched then.
   */
  commit(id: string, digest: Digest): Promise<number>;

  /**
   * Writes the last bytes and commits, in one step that others cannot come between.
   * Throws what write and commit throw, with the upload as they leave it. Where it
   * does not remain, a crash before the catalogue knows of the blob costs the bytes,
   * which nobody has acknowledged yet.
   */
  finish(
    id: string,
    options: WriteOptions,
    digest: Digest,
    chunks: AsyncIterable<Uint8Array>,
  ): Promise<FinishedUpload>;

  /** Drops the bytes. Nothing happens when there are none. */
  discard(id: string): Promise<void>;

  /**
   * Drops the bytes where `isOver` says so. It is told when they were last written and holds the upload while it thinks,
   * so nobody writes any more once it has decided. When it throws, the bytes are kept.
   */
  discardWhere(
    id: string,
    isOver: (lastWrite: number | undefined) => boolean | Promise<boolean>,
  ): Promise<boolean>;

  /** The ids that have bytes here. */
  list(): AsyncIterable<string>;

  /** Ends writers' files. Nothing durable is lost. */
  close(): Promise<void>;
}

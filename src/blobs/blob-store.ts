// The cellar's door: bytes by digest. Knows no repository. Every body of this
// interface passes test/contract/blob-store-contract.ts.
//
// The life of a blob: an upload (upload-store.ts) collects its bytes and is
// committed under a digest, or a small content is put whole; from then on the
// bytes never change; they are read any number of times and deleted once.
import type { Digest } from "../oci/digest.ts";
import type { BlobInspection } from "./blob-inspection.ts";

/** A part of a blob. */
export interface ByteRange {
  /** First byte, from 0; at most the blob's size. */
  readonly offset: number;
  /** How many bytes at most. Absent: to the end. */
  readonly limit?: number;
  /** How many bytes the whole blob must have. Absent: any number. */
  readonly size?: number;
}

/** A blob as list names it. */
export interface ListedBlob {
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
}

export interface BlobStore extends BlobInspection {
  /** The blob's size in bytes, or undefined when it is not here. */
  stat(digest: Digest): Promise<number | undefined>;

  /**
   * Streams the bytes of the range. A chunk is valid only until the next one is
   * asked for: its memory is used again. The caller must not change it. Ending the iteration early, or aborting
   * the signal, closes the file at once. Throws BLOB_UNKNOWN when the blob is not
   * here or not of the size that it must have, UNAVAILABLE when the place of all blobs is not, and an Error when the offset is behind its end or the file turns out short.
   */
  read(digest: Digest, range: ByteRange, signal?: AbortSignal): AsyncIterable<Uint8Array>;

  /** A small blob (a manifest) whole, or undefined when it is not here. The bytes are the caller's. */
  get(digest: Digest): Promise<Uint8Array | undefined>;

  /**
   * Stores a small content whole. It is durable when the promise resolves. The
   * caller has computed the digest from these bytes. Putting what is here is free;
   * other bytes that are here under the digest are replaced.
   */
  put(digest: Digest, content: Uint8Array): Promise<void>;

  /** Removes the bytes; durable after the next sync. False when they were not here. */
  delete(digest: Digest): Promise<boolean>;

  /** Resolves when all deletions so far are durable. */
  sync(): Promise<void>;

  /** Every blob here, in no order. Blobs that come or go meanwhile may or may not appear. */
  list(): AsyncIterable<ListedBlob>;

  close(): Promise<void>;
}

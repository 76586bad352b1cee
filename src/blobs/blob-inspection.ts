// The cellar's back door, for those who check and mend it: the bytes as they lie
// there, past everything that is remembered of them. Part of BlobStore's promises.
import type { Digest } from "../oci/digest.ts";

/** A blob as it lies in the store. */
export interface StoredBlob {
  /** In bytes. */
  readonly size: number;
  /** When it was last written or given a name, in milliseconds since 1970. 0 where that is not known. */
  readonly changeTime: number;
  /** The same as long as nobody put other bytes there. */
  readonly version: string;
  /** False: a directory or the like lies in its place, and there are no bytes to read. */
  readonly isFile: boolean;
}

/** Something that lies where blobs or uploads lie, and can be neither. */
export interface Stray {
  /** Below the store's root. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** As StoredBlob has it. */
  readonly changeTime: number;
  /** False: a directory or the like, which the registry never puts there. */
  readonly isFile: boolean;
  /** The blob in whose place it lies, where it has the name of one. */
  readonly digest?: Digest;
}

export interface BlobInspection {
  /** The blob as it lies in the store, or undefined when it is not here. */
  inspect(digest: Digest): Promise<StoredBlob | undefined>;

  /**
   * All bytes as they lie in the store, whatever they are. Chunks and the signal are as in BlobStore.read.
   * Throws BLOB_UNKNOWN when the blob is not here.
   */
  readStored(digest: Digest, signal?: AbortSignal): AsyncIterable<Uint8Array>;

  /**
   * Takes the bytes away from their digest and keeps them aside, in place of what was there aside before. The digest is
   * as if it had been deleted. False when the blob was not here.
   */
  quarantine(digest: Digest): Promise<boolean>;

  /** What lies where blobs or uploads lie, and has no name that one could have or is no file; also what is being written. */
  strays(): AsyncIterable<Stray>;

  /** Removes a stray. False when it is gone already, or is a directory that is not empty. */
  removeStray(path: string): Promise<boolean>;
}

// What the rules need from outside: stores, time, ids, and the few choices an
// operator has. Everything in this room takes it as its first word.
import type { BlobStore } from "../blobs/blob-store.ts";
import type { UploadStore } from "../blobs/upload-store.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { Listener } from "./listener.ts";

export interface CoreOptions {
  /** False: nothing can be deleted (UNSUPPORTED). */
  readonly deleteEnabled: boolean;
  /** True: an index may name manifests that the repository lacks. */
  readonly sparseIndexes: boolean;
}

export interface CoreContext {
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  readonly metadata: MetadataStore;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** A new UUID of version 7, so that ids sort by age. */
  readonly newId: () => string;
  /** Told of all that is done. */
  readonly listener: Listener;
  readonly options: CoreOptions;
}

// What the rules need from outside: stores, time, ids, and the few choices an
// operator has. Everything in this room takes it as its first word.
import type { BlobStore } from "../blobs/blob-store.ts";
import type { UploadStore } from "../blobs/upload-store.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { DigestHolds } from "./holds.ts";
import type { Listener } from "./listener.ts";
import type { QuotaRule } from "./quotas.ts";

export interface CoreOptions {
  /** False: nothing can be deleted (UNSUPPORTED). */
  readonly deleteEnabled: boolean;
  /** True: an index may name manifests that the repository lacks. */
  readonly sparseIndexes: boolean;
  /** Whether what a manifest of the repository needs can be deleted all the same. */
  readonly referencedDeletion: "refuse" | "allow";
  /** How long a deleted manifest can be brought back, in milliseconds. 0: not at all. */
  readonly trashAgeMs: number;
  /** How long what nothing needs is kept for those who may be about to, in milliseconds. */
  readonly graceMs: number;
  /** How long changes of tags are remembered, in milliseconds. */
  readonly tagHistoryMs: number;
  /** True: Docker's signed manifests of schema 1 can be pushed. */
  readonly schema1: boolean;
  /** True: nothing is written for those who only read. */
  readonly readOnly: boolean;
  /** How much repositories may hold; all that fit a repository apply. Absent: any amount. */
  readonly quotas?: readonly QuotaRule[];
}

/** What holds of a registry whose operator has said nothing. */
export const DEFAULT_CORE_OPTIONS: CoreOptions = {
  deleteEnabled: false,
  sparseIndexes: false,
  referencedDeletion: "refuse",
  trashAgeMs: 7 * 24 * 60 * 60 * 1000,
  graceMs: 24 * 60 * 60 * 1000,
  tagHistoryMs: 90 * 24 * 60 * 60 * 1000,
  schema1: false,
  readOnly: false,
};

export interface CoreContext {
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  readonly metadata: MetadataStore;
  /** Keeps those who place bytes and those who remove them apart. */
  readonly holds: DigestHolds;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** A new UUID of version 7, so that ids sort by age. */
  readonly newId: () => string;
  /** Told of all that is done. */
  readonly listener: Listener;
  readonly options: CoreOptions;
}

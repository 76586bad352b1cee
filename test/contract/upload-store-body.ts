// What the parts of the upload store's contract share: how a store is opened, and what is uploaded.
import type { BlobStore } from "../../src/blobs/blob-store.ts";
import type { UploadStore } from "../../src/blobs/upload-store.ts";
import { someBytes } from "../support/byte-streams.ts";

export interface OpenUploadStore {
  readonly uploads: UploadStore;
  /** Where commit puts the blobs. */
  readonly blobs: BlobStore;
  /** Ends the stores and opens them again, as a restart does. Absent where nothing is durable. */
  readonly reopen?: () => Promise<OpenUploadStore>;
  /** Closes the stores and removes what they kept. */
  close(): Promise<void>;
}

export interface UploadStoreBody {
  readonly name: string;
  /** False: nothing outlives the process. */
  readonly durable: boolean;
  open(): Promise<OpenUploadStore>;
}

/** Makes a test of work that needs a store. */
export type WithStore = (work: (store: OpenUploadStore) => Promise<void>) => () => Promise<void>;

export const ID = "0198c5a2-7f3e-7aaa-8000-000000000001";
export const OTHER_ID = "0198c5a2-7f3e-7aaa-8000-000000000002";
export const CONTENT = someBytes(700_001);
export const SHA256 = { algorithm: "sha256" } as const;

/** The error that tells where the upload stands. */
export function rangeInvalid(offset: string): object {
  return { code: "RANGE_INVALID", metadata: { upload: ID, offset } };
}

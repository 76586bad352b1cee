// What MaintenanceService needs of the rooms behind it, in the words of the house.

import type { SnapshotOptions, SnapshotPart } from "../maintenance/backup/snapshot.ts";
import type { CatalogueStatus } from "../maintenance/catalogue-status.ts";
import type { CollectionItem } from "../maintenance/collector/collection-items.ts";
import type { CollectionRequest, CollectorStatus } from "../maintenance/collector/collector.ts";
import type { Explanation } from "../maintenance/collector/explain.ts";
import type { PurgeChoice } from "../maintenance/collector/purge-deleted.ts";
import type { FsckItem, FsckOptions } from "../maintenance/fsck/fsck.ts";
import type { RetentionItem } from "../maintenance/retention/items.ts";
import type { RetentionRequest } from "../maintenance/retention/retention.ts";
import type { ScrubItem } from "../maintenance/scrub.ts";
import type { UploadPurgeOptions } from "../maintenance/uploads/upload-purge.ts";
import type { UploadPurgeRun, UploadPurgeStep } from "../maintenance/uploads/upload-purge-runs.ts";
import type { Digest } from "../oci/digest.ts";

/** A long job: it yields what it does, and ends when nobody reads on, or with the signal. */
export type Job<Options, Item> = (options: Options, signal: AbortSignal) => AsyncIterable<Item>;

export interface MaintenanceParts {
  readonly status: () => Promise<MaintenanceStatus>;
  /** Throws BLOB_UNKNOWN. */
  readonly explainBlob: (digest: Digest) => Promise<Explanation>;
  readonly collect: Job<CollectionRequest, CollectionItem>;
  readonly simulateRetention: Job<RetentionRequest, RetentionItem>;
  readonly applyRetention: Job<RetentionRequest, RetentionItem>;
  readonly scrub: Job<ScrubRequest, ScrubItem>;
  readonly fsck: Job<FsckRequest, FsckItem>;
  readonly purgeUploads: Job<UploadPurgeOptions, UploadPurgeStep>;
  readonly takeSnapshot: Job<Pick<SnapshotOptions, "withSecrets">, SnapshotPart>;
  /** Removes manifests from the trash for good; resolves to how many. Throws MANIFEST_UNKNOWN for one that is not there. */
  readonly purgeDeleted: (choice: PurgeChoice, signal: AbortSignal) => Promise<number>;
}

export interface MaintenanceStatus extends CatalogueStatus {
  readonly readOnly: boolean;
  readonly collector: CollectorStatus;
  /** True: a scrub runs now. */
  readonly isScrubbing: boolean;
  /** Absent: none since the process started. */
  readonly uploadPurge?: UploadPurgeRun;
}

export interface ScrubRequest {
  /** 0: no limit. Absent: as configured. */
  readonly rate?: number;
  readonly restart: boolean;
}

export type FsckRequest = Pick<FsckOptions, "repair" | "cellar" | "resume">;

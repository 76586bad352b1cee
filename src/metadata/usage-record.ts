// How much there is of something, as the catalogue counts it: sums that grow and
// shrink in the commits that make and remove the cards they count, and the latest
// of some times. A row is written by sums only, so that nobody who counts waits for
// another; it is there while one of its sums is not 0.

/** What a repository holds, or all repositories below a path together. */
export interface UsageRecord {
  /** Links to blobs. */
  readonly blobs: number;
  /** The sizes of linked blobs, and of manifests live or in the trash; each digest counts once in each repository. */
  readonly bytes: number;
  /** Live manifests. */
  readonly manifests: number;
  /** Manifests in the trash. */
  readonly trashed: number;
  readonly tags: number;
  /** What pulling each live manifest by itself would move: the sum of their `contentSize`. */
  readonly logicalBytes: number;
  /** Repositories themselves, also those that hold nothing any more and are not swept yet: 1 in a repository's own row. */
  readonly repositories: number;
  /** Recorded pulls of the manifests that are here, live or in the trash. */
  readonly pulls: number;
  /** The latest push of a manifest. Absent: none yet. What is removed later does not change it. */
  readonly pushTime?: number;
  /** The latest recorded pull. Absent: none yet. */
  readonly pullTime?: number;
}

/** What the cellar holds, each digest once. */
export interface StoredRecord {
  readonly blobs: number;
  readonly bytes: number;
}

/** The sums of a UsageRecord, in the order in which they are written. */
export const USAGE_SUMS = [
  "blobs",
  "bytes",
  "manifests",
  "trashed",
  "tags",
  "logicalBytes",
  "pulls",
  "repositories",
] as const satisfies readonly (keyof UsageRecord)[];

/** The latest times of a UsageRecord, in the order in which they are written. */
export const USAGE_TIMES = ["pushTime", "pullTime"] as const satisfies readonly (keyof UsageRecord)[];

/** The sums of a StoredRecord, in the order in which they are written. */
export const STORED_SUMS = ["blobs", "bytes"] as const satisfies readonly (keyof StoredRecord)[];

export type UsageSum = (typeof USAGE_SUMS)[number];
export type UsageTime = (typeof USAGE_TIMES)[number];

/** By how much sums grow (or shrink, below 0), and times that may be the latest. */
export type UsageChange = { readonly [Sum in UsageSum]?: number } & { readonly [Time in UsageTime]?: number };

/** What holds nothing. */
export const NO_USAGE: UsageRecord = {
  blobs: 0,
  bytes: 0,
  manifests: 0,
  trashed: 0,
  tags: 0,
  logicalBytes: 0,
  pulls: 0,
  repositories: 0,
};

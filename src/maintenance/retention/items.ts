// What a run of the retention tells: each decision with the rule behind it, how far
// it is, and in the end what it comes to. The reasons are words for people that do
// not change between versions without need.
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName, Tag } from "../../oci/reference.ts";

export type RetentionAction = "keep" | "delete";

export interface TagDecision {
  readonly kind: "tag";
  readonly repository: RepositoryName;
  readonly tag: Tag;
  readonly digest: Digest;
  /** Of the manifest, its members, and the blobs they name, each once, in bytes. */
  readonly size: number;
  readonly action: RetentionAction;
  /** The name of the rule that decided. Absent: none did. */
  readonly rule: string | undefined;
  readonly reason: string;
}

export interface ManifestDecision {
  readonly kind: "manifest";
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly action: RetentionAction;
  /** The name of the rule that decided; "untagged" for what has no tag. Absent: none did. */
  readonly rule: string | undefined;
  readonly reason: string;
}

export interface RetentionProgress {
  readonly kind: "progress";
  /** The one that is looked at now. */
  readonly repository: RepositoryName;
  /** How many were looked at before. */
  readonly repositories: number;
  /** How many went so far. */
  readonly tags: number;
  readonly manifests: number;
}

export interface RetentionSummary {
  readonly kind: "summary";
  readonly repositories: number;
  readonly tagsKept: number;
  readonly tagsDeleted: number;
  readonly manifestsDeleted: number;
  /** What nothing holds once the trash has let go of what went, in bytes on the disk, of all repositories together. */
  readonly bytesFreed: number;
  /** What went, as if nothing were shared, in bytes. */
  readonly bytesLogical: number;
  /** The repositories that have no tag left, or no manifest where they had no tag. */
  readonly emptied: readonly RepositoryName[];
}

export type RetentionItem = TagDecision | ManifestDecision | RetentionProgress | RetentionSummary;

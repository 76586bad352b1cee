// The cards of keeping and giving up: the trash, what became of tags, what is known of
// pulls, and what housekeeping remembers between starts. As records.ts: sizes in
// bytes, times in milliseconds since 1970, optional members left out and never null.
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName, Tag } from "../oci/reference.ts";
import type { ManifestRecord, ReferrerRecord } from "./records.ts";

/** Why something was deleted. */
export type DeletionReason =
  /** Somebody asked for it. */
  | { readonly kind: "request" }
  /** It belonged to another manifest, which was deleted. */
  | { readonly kind: "belonged"; readonly to: Digest }
  /** A rule of the retention said so. */
  | { readonly kind: "retention"; readonly rule: string };

/** A manifest in the trash: as it was, and what it takes to bring it back. */
export interface TrashRecord {
  readonly manifest: ManifestRecord;
  /** How the referrers index had it. Absent: it has no subject. */
  readonly referrer?: ReferrerRecord;
  /** The tags that pointed to it. */
  readonly tags: readonly Tag[];
  /** When each of them had been set, in the same order. Absent: not known. */
  readonly tagTimes?: readonly number[];
  readonly deleteTime: number;
  readonly reason: DeletionReason;
  /** The verified name of who deleted it. Absent: nobody was asked for a name, or the registry did it by itself. */
  readonly actor?: string;
  /** The manifests that were deleted with it because they belonged to it. Absent: none. */
  readonly companions?: readonly Digest[];
  /** The tags attached to it by name that were deleted with it, of manifests that stayed. Absent: none. */
  readonly attachedTags?: readonly { readonly tag: Tag; readonly digest: Digest }[];
}

/** A change of a tag. */
export interface TagChangeRecord {
  readonly time: number;
  /** What it pointed to before. Absent: it did not exist. */
  readonly from?: Digest;
  /** What it points to since. Absent: it was deleted. */
  readonly to?: Digest;
  /** Absent: nobody was asked for a name, or the registry did it by itself. */
  readonly actor?: string;
  /** Absent: the registry did it by itself. */
  readonly requestId?: string;
  /** Why it was deleted, where it was not asked for. */
  readonly reason?: DeletionReason;
}

/** When a manifest last lost a tag: perhaps it has others, but if not, then none since. */
export interface UntaggedRecord {
  readonly time: number;
}

/** The recorded pulls of a manifest, by tag or by digest. */
export interface PullsRecord {
  readonly count: number;
  readonly lastTime: number;
}

/** Since when pulls are counted: what was never pulled since may have been pulled before. */
export interface PullsSinceRecord {
  readonly time: number;
}

/** A check of the catalogue that was interrupted. */
export interface FsckRecord {
  readonly startTime: number;
  /** The phase that it was in: what comes before it has been checked. */
  readonly phase: string;
  /** The repositories with manifests that could not be read, so far. */
  readonly unreadable: readonly RepositoryName[];
}

/** How far scrubbing has come. */
export interface ScrubRecord {
  readonly startTime: number;
  /** The last digest that was read. Absent: none yet. */
  readonly after?: Digest;
  readonly blobs: number;
  readonly bytes: number;
  readonly damaged: number;
  /** When it came to the end. Absent: it goes on. */
  readonly endTime?: number;
}

/** The last time retention was applied. */
export interface RetentionRunRecord {
  readonly startTime: number;
  readonly endTime: number;
  readonly tags: number;
  readonly manifests: number;
}

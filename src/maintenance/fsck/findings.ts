// What a check of catalogue and cellar tells, and how its phases tell it.
import type { CoreContext } from "../../core/context.ts";
import type { MetadataSnapshot } from "../../metadata/metadata-store.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName, Tag } from "../../oci/reference.ts";

/** What can be wrong; the names are stable. */
export type FindingKind =
  /** Something lies in a repository that has no record. */
  | "repository-missing"
  /** No good bytes of the manifest are left, or nobody can read what they say. */
  | "manifest-unreadable"
  /** The copy beside the manifest's card has other bytes. */
  | "manifest-copy-wrong"
  /** The card says something else than the manifest. */
  | "manifest-card-wrong"
  /** The card of a manifest, a link or a tag is lost; other entries tell of it. */
  | "manifest-missing"
  | "link-missing"
  | "tag-missing"
  /** The manifest is live and in the trash. */
  | "manifest-twice"
  /** A copy of a manifest's bytes that no blob record is left for. */
  | "manifest-copy-unclaimed"
  /** A link or a manifest has no blob record. */
  | "blob-record-missing"
  /** Link, blob record and file do not have the same size. */
  | "blob-size-wrong"
  /** The holders index lacks an entry, or has one without a cause. */
  | "holder-missing"
  | "holder-false"
  /** The referrers index lacks an entry, has one that is wrong, or one without a cause. */
  | "referrer-missing"
  | "referrer-wrong"
  | "referrer-false"
  /** The tag points to a manifest that is not there, or describes it wrongly. */
  | "tag-dangling"
  | "tag-wrong"
  /** The index of a manifest's tags lacks an entry, or has one that no tag confirms. */
  | "tag-entry-missing"
  | "tag-entry-false"
  /** Something is remembered of a manifest that is not there. */
  | "mark-false"
  | "counter-wrong"
  /** What is counted of a repository, below a path or in the cellar is not what the cards amount to. */
  | "usage-wrong"
  /** Something would never be looked at by the collector. */
  | "due-missing"
  /** An upload session is open and closed. */
  | "upload-twice"
  /** Bytes of an upload whose session has ended. */
  | "upload-unclaimed"
  /** A blob's bytes are gone, or are not what they should be. */
  | "blob-missing"
  | "blob-damaged"
  /** Bytes that no blob record mentions. */
  | "blob-unclaimed"
  /** A file that is neither blob nor upload. */
  | "stray-file";

/** Something that is wrong. */
export interface Finding {
  readonly kind: "finding";
  readonly what: FindingKind;
  /** Absent: it concerns none, or several. */
  readonly repository?: RepositoryName;
  readonly digest?: Digest;
  readonly tag?: Tag;
  /** In words; where it was not repaired, also what can be done. */
  readonly detail: string;
  readonly repaired: boolean;
}

export interface Progress {
  readonly kind: "progress";
  readonly phase: string;
  /** How many entries have been looked at. */
  readonly done: number;
  /** How many there are. Absent: nobody counted. */
  readonly total?: number;
}

/** A finding before anything was done about it. */
export interface Suspicion extends Omit<Finding, "kind" | "repaired"> {
  /**
   * Puts it right, whatever has changed meanwhile; false when that was not possible, words when something else was done
   * about it. Absent: it cannot be done here.
   */
  readonly repair?: () => Promise<boolean | string>;
  /** What the operator can do, where nothing is repaired. */
  readonly advice?: string;
}

/** What a phase has found since it told last. */
export interface Step {
  readonly done: number;
  readonly suspicions: readonly Suspicion[];
}

export type Steps = AsyncGenerator<Step, void, undefined>;

/** What a phase works with. */
export interface PhaseRun {
  readonly context: CoreContext;
  /** The catalogue at one moment. */
  readonly snapshot: MetadataSnapshot;
  /** Younger files are let alone: what they are for may not have been said yet. In milliseconds. */
  readonly graceMs: number;
  /** True: blobs are looked at too. */
  readonly cellar: boolean;
  readonly memory: RunMemory;
  readonly signal: AbortSignal | undefined;
}

/** What one phase knows and a later one needs. */
export interface RunMemory {
  /** Repositories with a manifest that cannot be read: which of their blobs it names is not known. */
  readonly unreadable: Set<RepositoryName>;
  /** Digests whose holders index is wrong and was not repaired: what their counters should say is not known. */
  readonly unsure: Set<Digest>;
}

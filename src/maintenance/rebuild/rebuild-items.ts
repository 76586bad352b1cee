// What a rebuild tells: how far it is, and what it could not bring back.
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName, Tag } from "../../oci/reference.ts";
import type { JournalProblem } from "../journal/journal-reader.ts";

export type RebuildPhase = "manifests" | "links" | "tags" | "usage" | "cellar";

export type RebuildItem =
  | { readonly kind: "progress"; readonly phase: RebuildPhase; readonly done: number }
  | { readonly kind: "journal-problem"; readonly problem: JournalProblem }
  /** Its bytes are gone or wrong, or nobody can read them. */
  | {
      readonly kind: "manifest-lost";
      readonly repository: RepositoryName;
      readonly digest: Digest;
      readonly reason: string;
    }
  /** It pointed to a manifest that is lost. */
  | {
      readonly kind: "tag-lost";
      readonly repository: RepositoryName;
      readonly tag: Tag;
      readonly digest: Digest;
    }
  /** A manifest needs it. It is marked as damaged: whoever pushes it again heals it. */
  | {
      readonly kind: "blob-lost";
      readonly repository: RepositoryName;
      readonly digest: Digest;
      readonly size: number;
      readonly reason: string;
    }
  /** A manifest in the cellar that no repository claims. */
  | { readonly kind: "unclaimed-manifest"; readonly digest: Digest; readonly mediaType: string }
  | { readonly kind: "finished"; readonly totals: RebuildTotals; readonly movedTo?: string };

export interface RebuildTotals {
  repositories: number;
  manifests: number;
  /** Manifests in the trash. */
  trash: number;
  links: number;
  tags: number;
  tagChanges: number;
  lostManifests: number;
  lostTags: number;
  lostBlobs: number;
  /** Links and members of indexes that the journal had lost, and that manifests led to. */
  found: number;
  unclaimedManifests: number;
  /** All that nothing claims, manifests included. */
  unclaimedBlobs: number;
  unclaimedBytes: number;
}

export const NO_TOTALS: RebuildTotals = {
  repositories: 0,
  manifests: 0,
  trash: 0,
  links: 0,
  tags: 0,
  tagChanges: 0,
  lostManifests: 0,
  lostTags: 0,
  lostBlobs: 0,
  found: 0,
  unclaimedManifests: 0,
  unclaimedBlobs: 0,
  unclaimedBytes: 0,
};

/** What no journal holds, for whoever reads the report. */
export const NOT_REBUILT = [
  "access tokens, refresh tokens and the keys that sign tokens",
  "events: the log begins anew, and cursors from before have expired",
  "consumers, webhooks' positions and dead letters",
  "counts of pulls",
  "open uploads",
] as const;

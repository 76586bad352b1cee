// What a collection tells while it runs.
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName, Tag } from "../../oci/reference.ts";

/** How much was removed for good. */
export interface CollectionTotals {
  /** Entries of the list that were looked at. */
  readonly examined: number;
  readonly manifests: number;
  readonly links: number;
  readonly blobs: number;
  /** What the blobs took. */
  readonly bytes: number;
  readonly tagChanges: number;
  readonly repositories: number;
}

export const NO_TOTALS: CollectionTotals = {
  examined: 0,
  manifests: 0,
  links: 0,
  blobs: 0,
  bytes: 0,
  tagChanges: 0,
  repositories: 0,
};

/** Something that was removed, or in a dry run would be. Sizes in bytes. */
export type RemovedItem =
  | {
      /** A manifest whose time in the trash was over; a link that no manifest named. */
      readonly kind: "manifest" | "link";
      readonly repository: RepositoryName;
      readonly digest: Digest;
      readonly size: number;
    }
  | { readonly kind: "blob"; readonly digest: Digest; readonly size: number }
  | { readonly kind: "tag-change"; readonly repository: RepositoryName; readonly tag: Tag }
  | { readonly kind: "repository"; readonly repository: RepositoryName };

export type CollectionItem =
  | RemovedItem
  | { readonly kind: "progress" | "finished"; readonly totals: CollectionTotals };

/** The totals with one more item. */
export function addTo(totals: CollectionTotals, item: CollectionItem): CollectionTotals {
  switch (item.kind) {
    case "manifest":
      return { ...totals, manifests: totals.manifests + 1 };
    case "link":
      return { ...totals, links: totals.links + 1 };
    case "blob":
      return { ...totals, blobs: totals.blobs + 1, bytes: totals.bytes + item.size };
    case "tag-change":
      return { ...totals, tagChanges: totals.tagChanges + 1 };
    case "repository":
      return { ...totals, repositories: totals.repositories + 1 };
    case "progress":
    case "finished":
      return totals;
  }
}

export function addTotals(one: CollectionTotals, other: CollectionTotals): CollectionTotals {
  return {
    examined: one.examined + other.examined,
    manifests: one.manifests + other.manifests,
    links: one.links + other.links,
    blobs: one.blobs + other.blobs,
    bytes: one.bytes + other.bytes,
    tagChanges: one.tagChanges + other.tagChanges,
    repositories: one.repositories + other.repositories,
  };
}

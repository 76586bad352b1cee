// The cards of the catalogue: what each kind of record says. Sizes in bytes,
// times in milliseconds since 1970. Optional members are left out, never null.
import type { Digest, DigestAlgorithm } from "../oci/digest.ts";
import type { RepositoryName, Tag } from "../oci/reference.ts";

/** A repository exists from its first blob or manifest on. */
export interface RepositoryRecord {
  readonly createTime: number;
}

/** The link by which one repository sees one blob. */
export interface LinkRecord {
  readonly size: number;
  readonly createTime: number;
}

/** A blob in the cellar, whoever links it. */
export interface BlobRecord {
  readonly size: number;
  readonly createTime: number;
}

/** A manifest in a repository. Its bytes are under contentKey and in the cellar. */
export interface ManifestRecord {
  readonly mediaType: string;
  readonly size: number;
  readonly createTime: number;
  /** Counts pushes, so that a push and a deletion at the same time see each other. */
  readonly revision: number;
  readonly subject?: Digest;
  readonly artifactType?: string;
}

/** A tag, with all that is needed to describe its manifest. */
export interface TagRecord {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  readonly updateTime: number;
}

/** A manifest in the referrers index of its subject. */
export interface ReferrerRecord {
  readonly mediaType: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An open upload session. */
export interface UploadRecord {
  readonly repository: RepositoryName;
  readonly algorithm: DigestAlgorithm;
  readonly createTime: number;
}

/** A session that became a blob, remembered so that asking again gives the same answer. */
export interface ClosedUploadRecord {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly size: number;
  readonly closeTime: number;
}

/** Describes content inside an event. */
export interface EventDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/** What happened. The kinds are those of stowage.v1.Event, by their proto names. */
export type EventFact =
  | { readonly kind: "repository_created" }
  | { readonly kind: "blob_pushed"; readonly descriptor: EventDescriptor; readonly uploadId: string }
  | {
      readonly kind: "blob_mounted";
      readonly descriptor: EventDescriptor;
      readonly fromRepository?: RepositoryName;
    }
  | { readonly kind: "blob_deleted"; readonly descriptor: EventDescriptor }
  | {
      readonly kind: "manifest_pushed";
      readonly descriptor: EventDescriptor;
      readonly tags: readonly Tag[];
      readonly subject?: Digest;
      readonly artifactType?: string;
    }
  | { readonly kind: "manifest_deleted"; readonly descriptor: EventDescriptor }
  | { readonly kind: "tag_created"; readonly tag: Tag; readonly descriptor: EventDescriptor }
  | {
      readonly kind: "tag_moved";
      readonly tag: Tag;
      readonly descriptor: EventDescriptor;
      readonly previousDigest: Digest;
    }
  | { readonly kind: "tag_deleted"; readonly tag: Tag; readonly descriptor: EventDescriptor }
  | { readonly kind: "upload_cancelled"; readonly uploadId: string };

export type EventKind = EventFact["kind"];

/** One event as it lies in the log. Its place in the log is its key. */
export interface EventRecord {
  readonly id: string;
  readonly time: number;
  readonly repository: RepositoryName;
  readonly fact: EventFact;
}

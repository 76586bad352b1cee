// What an import has to say while it works: what it found to be wrong, how far it
// is, and in the end what it has done.
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName, Tag } from "../../oci/reference.ts";

/** What can be wrong, by its name in reports. docs/migration.md explains each. */
export const FINDING_KINDS = [
  /** A link that is empty, unreadable, or holds something else than the digest it stands for. */
  "broken-link",
  /** A link to bytes that are not there. */
  "dangling-link",
  /** Bytes that have another digest than the one they lie under. */
  "wrong-bytes",
  /** A file or directory that cannot be read. */
  "unreadable",
  /** A manifest that cannot be understood, or that names what its repository lacks. */
  "manifest",
  /** A signed manifest of which not all signatures could be read, or are true. */
  "signature",
  /** An index that was imported without some of its members. */
  "sparse-index",
  /** A tag whose manifest was not imported. */
  "tag",
  /** A tag that was changed in Stowage after it was changed in the tree; it stays as it is. */
  "newer-tag",
  /** A name that no repository or tag can have. */
  "name",
  /** A digest of an algorithm that is not known. */
  "algorithm",
  /** A file or directory that belongs to nothing. */
  "stray",
  /** Uploads that nobody has finished. */
  "upload",
] as const;

export type FindingKind = (typeof FINDING_KINDS)[number];

/** Something that is not as it should be. None of it ends the import. */
export interface Finding {
  readonly kind: FindingKind;
  /** note: nothing is lost by it. */
  readonly level: "problem" | "note";
  readonly path: string;
  /** In words. */
  readonly reason: string;
  readonly repository?: RepositoryName;
  readonly digest?: Digest;
  readonly tag?: Tag;
}

/** What was done so far; of what was there before, only that it was. */
export interface ImportCounts {
  readonly repositories: number;
  readonly tags: number;
  readonly manifests: number;
  /** Links of blobs to repositories. */
  readonly links: number;
  readonly blobs: { readonly linked: number; readonly copied: number; readonly present: number };
  /** The bytes of the blobs that were linked or copied. */
  readonly bytes: { readonly linked: number; readonly copied: number };
  /** What was skipped because it is here. */
  readonly present: { readonly tags: number; readonly manifests: number; readonly links: number };
  readonly problems: number;
  readonly notes: number;
}

export type ImportItem =
  | { readonly kind: "finding"; readonly finding: Finding }
  | { readonly kind: "progress"; readonly counts: ImportCounts; readonly repository?: RepositoryName }
  /** The last one; interrupted: there is more to do. */
  | { readonly kind: "summary"; readonly counts: ImportCounts; readonly interrupted: boolean };

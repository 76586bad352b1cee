// The steps a sequence is made of. They are plain data that say all, so that a sequence can be written down, shortened
// and done again.
import type { RetentionConfig } from "../../src/config/retention.ts";

/** An image or index in a tree to be imported, with all that it needs. */
export interface TreeItem {
  readonly repository: string;
  readonly digest: string;
  readonly tags: readonly string[];
  /** How long ago it was pushed there, in milliseconds. */
  readonly age: number;
}

/** One thing that a client asks for, and that is done wholly or not at all. */
export type Request =
  | { readonly kind: "push-blob"; readonly repository: string; readonly digest: string; readonly id: string }
  | {
      readonly kind: "put";
      readonly repository: string;
      readonly digest: string;
      readonly tags: readonly string[];
    }
  | {
      readonly kind: "mount";
      readonly repository: string;
      readonly digest: string;
      readonly from?: string;
    }
  | {
      readonly kind: "head" | "pull" | "delete-manifest" | "delete-blob" | "undelete" | "purge";
      readonly repository: string;
      readonly digest: string;
    }
  | { readonly kind: "delete-tag"; readonly repository: string; readonly tag: string }
  | {
      readonly kind: "restore-tag";
      readonly repository: string;
      readonly tag: string;
      /** What it shall point to; or how long ago it pointed there, in milliseconds, at least 1. */
      readonly to: string | number;
    }
  | { readonly kind: "begin-upload" | "cancel-upload"; readonly repository: string; readonly id: string }
  | {
      readonly kind: "write-upload" | "commit-upload";
      readonly repository: string;
      readonly id: string;
      /** The whole blob. */
      readonly digest: string;
    };

/** A job of the registry's own, of many commits. */
export type Job =
  | {
      readonly kind: "collect";
      readonly graceMs?: number;
      /** It is broken off after so many items. */
      readonly items?: number;
    }
  | { readonly kind: "retention"; readonly config: RetentionConfig }
  | { readonly kind: "purge-uploads"; readonly ageMs: number }
  | { readonly kind: "purge-trash"; readonly olderThanMs: number }
  | { readonly kind: "import"; readonly items: readonly TreeItem[] };

export type Work = Request | Job;

export type Step =
  | Work
  | { readonly kind: "wait"; readonly ms: number }
  /** An operator has the cellar checked and put right, which removes what crashes left. */
  | { readonly kind: "repair" }
  /** All at once. */
  | { readonly kind: "together"; readonly works: readonly Work[] }
  /** All at once, and the process ends after so many calls of the stores. */
  | { readonly kind: "crash"; readonly calls: number; readonly works: readonly Work[] };

export function isJob(work: Work): work is Job {
  switch (work.kind) {
    case "collect":
    case "retention":
    case "purge-uploads":
    case "purge-trash":
    case "import":
      return true;
    default:
      return false;
  }
}

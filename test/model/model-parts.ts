// What a model is given, and what it remembers.
import type { TagQuota } from "./quota.ts";

export interface ModelOptions {
  readonly referencedDeletion: "refuse" | "allow";
  readonly trashAgeMs: number;
  readonly graceMs: number;
  readonly tagHistoryMs: number;
  /** Absent: there may be any number of tags. */
  readonly quota?: TagQuota;
}

/** What the model remembers besides the world, which nobody can observe. */
export interface Memory {
  /** By what it is: from when on a collection looks again at what it has kept. */
  postponed: Record<string, number>;
  /** By digest: since when nothing keeps the bytes. */
  looseSince: Record<string, number>;
  /** Until then bytes may stay that somebody was about to place when they were looked at. */
  unsettled: number;
  /** Files of which nobody knows, as a crash leaves them: a check of the cellar finds them, no collection does. */
  strays: Record<string, true>;
  /** By session: what was written. */
  written: Record<string, { readonly parts: number; readonly time: number }>;
}

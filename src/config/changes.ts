// What two readings of a configuration differ in. Values are told by their digests,
// so that no secret is kept for it, and a secret that has changed is noticed all the same.
import { createHash } from "node:crypto";

/** The digest of each key's value, in the order of the documentation. */
export type Marks = ReadonlyMap<string, string>;

/** Marks values; those that mean the same have the same mark, however they were written. */
export function marksOf(values: Readonly<Record<string, unknown>>): Marks {
  return new Map(Object.entries(values).map(([path, value]) => [path, markOf(value)]));
}

function markOf(value: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(value, sorted) ?? "")
    .digest("base64");
}

/** The order in which members were written means nothing. */
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The keys whose values differ. */
export function changedKeys(before: Marks, after: Marks): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.get(path) !== after.get(path),
  );
}

const POLICY = "auth.policy";

export interface Changes {
  /** True: there is another policy, which can act at once. */
  readonly policy: boolean;
  /** The other keys that differ: they act after a restart. */
  readonly afterRestart: readonly string[];
}

/** What can act at once, and what cannot. A policy that appears or goes changes who is asked for what, so it waits too. */
export function changesBetween(before: Marks, after: Marks): Changes {
  const changed = changedKeys(before, after);
  const none = markOf(undefined);
  const isThere = [before, after].every((marks) => (marks.get(POLICY) ?? none) !== none);
  const policy = changed.includes(POLICY) && isThere;
  return { policy, afterRestart: changed.filter((path) => path !== POLICY || !policy) };
}

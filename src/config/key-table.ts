// A table of keys: what may stand in a map, by path. The whole configuration is
// one; so is each element of a list that holds maps.
import type { ActingKey, Key } from "./key.ts";

export interface KeyTable<Entries = unknown> {
  readonly entries: Entries;
  /** All keys, in the order of the documentation. */
  readonly keys: ReadonlyMap<string, Key>;
  /** The paths that hold keys: "http", "http.debug", … */
  readonly sections: ReadonlySet<string>;
}

/** The parsed value of each key that acts, by path. */
export type ValuesOf<Entries> = {
  readonly [Path in keyof Entries as Entries[Path] extends ActingKey<unknown>
    ? Path
    : never]: Entries[Path] extends ActingKey<infer Value> ? Value : never;
};

export function keyTable<const Entries extends Readonly<Record<string, Key>>>(
  entries: Entries,
): KeyTable<Entries> {
  const keys = new Map(Object.entries<Key>(entries));
  const sections = [...keys.keys()].flatMap((path) => {
    const parts = path.split(".");
    return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("."));
  });
  return { entries, keys, sections: new Set(sections) };
}

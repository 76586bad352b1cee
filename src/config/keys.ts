// Every configuration key there is, by its path: distribution's, with the same
// names and meanings, and ours beside them.
import type { ActingKey, Key } from "./key.ts";
import { accessKeys } from "./keys/access.ts";
import { checkKeys } from "./keys/checks.ts";
import { httpKeys } from "./keys/http.ts";
import { logKeys } from "./keys/log.ts";
import { storageKeys } from "./keys/storage.ts";

const TABLE = { ...logKeys, ...storageKeys, ...httpKeys, ...accessKeys, ...checkKeys } as const;

type Table = typeof TABLE;

/** The parsed value of each key that acts, by path. */
export type Values = {
  readonly [Path in keyof Table as Table[Path] extends ActingKey<unknown>
    ? Path
    : never]: Table[Path] extends ActingKey<infer Value> ? Value : never;
};

/** All keys, in the order of the documentation. */
export const KEYS: ReadonlyMap<string, Key> = new Map(Object.entries<Key>(TABLE));

/** The keys that hold keys: "http", "http.debug", … */
export const SECTIONS: ReadonlySet<string> = new Set(
  [...KEYS.keys()].flatMap((path) => {
    const parts = path.split(".");
    return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("."));
  }),
);

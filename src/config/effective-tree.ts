// What acts, in the file's own form: for people, without what is secret.
import type { Key } from "./key.ts";
import type { KeyTable } from "./key-table.ts";
import { isRawMap, type RawMap } from "./raw-tree.ts";

/** Stands where a secret stood. */
export const BLOTTED = "[redacted]";

/** What is set and the defaults of a table's keys. Only for what is free of problems. */
export function effectiveTree({ keys }: KeyTable, given: ReadonlyMap<string, unknown>): RawMap {
  const root: RawMap = {};
  for (const [path, key] of keys) {
    if (key.effect !== "acts") continue;
    const value = given.has(path) ? shownValue(key, given.get(path)) : key.default;
    if (value !== undefined) place(root, path.split("."), value);
  }
  return root;
}

function shownValue({ show }: Key, value: unknown): unknown {
  return show === undefined ? (value ?? {}) : show(value);
}

function place(root: RawMap, path: readonly string[], value: unknown): void {
  const [first = "", ...rest] = path;
  if (rest.length === 0) {
    root[first] = value;
    return;
  }
  const inner = root[first];
  const child: RawMap = isRawMap(inner) ? inner : {};
  root[first] = child;
  place(child, rest, value);
}

/** Each value blotted out, in lists and maps too; names stay. */
export function blot(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(blot);
  if (!isRawMap(value)) return BLOTTED;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, blot(member)]));
}

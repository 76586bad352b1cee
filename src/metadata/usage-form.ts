// Between records of usage and the rows of sums that an engine keeps: which sum
// stands in which place (usage-record.ts has the order).
import type { Key } from "./keys.ts";
import type { Sums } from "./sums.ts";
import { storedKey } from "./usage-keys.ts";
import { STORED_SUMS, type StoredRecord, USAGE_SUMS, USAGE_TIMES } from "./usage-record.ts";

/** Numbers by the names that the record's have: by how much they change, or what they may be. */
export type SumsOf<R extends StoredRecord> = { readonly [Name in keyof R]?: number };

interface Layout {
  readonly sums: readonly string[];
  readonly highest: readonly string[];
}

const USAGE: Layout = { sums: USAGE_SUMS, highest: USAGE_TIMES };
const STORED: Layout = { sums: STORED_SUMS, highest: [] };

/** The numbers in their places; 0 for those that are not named. */
export function sumsOf(key: Key<unknown>, numbers: object): Sums {
  const { sums, highest } = layoutOf(key.text);
  return { sums: placed(sums, numbers), highest: placed(highest, numbers) };
}

/** The limits in the places of the sums. Undefined: there are none. */
export function limitsOf(key: Key<unknown>, limits: object): readonly (number | undefined)[] | undefined {
  const found = layoutOf(key.text).sums.map((name) => numberOf(limits, name));
  return found.every((limit) => limit === undefined) ? undefined : found;
}

/** The name of the sum in the place. */
export function sumName(key: string, place: number): string {
  return layoutOf(key).sums[place] ?? String(place);
}

/** The record that the row says. */
export function usageOf(key: string, row: Sums): object {
  const { sums, highest } = layoutOf(key);
  const record: Record<string, number> = {};
  for (const [place, name] of sums.entries()) record[name] = row.sums[place] ?? 0;
  for (const [place, name] of highest.entries()) {
    const time = row.highest[place] ?? 0;
    if (time !== 0) record[name] = time;
  }
  return Object.freeze(record);
}

function layoutOf(key: string): Layout {
  return key === storedKey.text ? STORED : USAGE;
}

function placed(names: readonly string[], numbers: object): number[] {
  return names.map((name) => numberOf(numbers, name) ?? 0);
}

function numberOf(numbers: object, name: string): number | undefined {
  const number: unknown = (numbers as Readonly<Record<string, unknown>>)[name];
  return typeof number === "number" ? number : undefined;
}

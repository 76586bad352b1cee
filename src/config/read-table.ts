// From a raw tree to a value for each key of a table. Finds every problem there
// is: unknown keys, wrong values, and requests that cannot be fulfilled.
import type { z } from "zod";
import type { Key } from "./key.ts";
import type { KeyTable, ValuesOf } from "./key-table.ts";
import { suggest } from "./nearest.ts";
import { formatPath, isRawMap, type RawPath } from "./raw-tree.ts";

export interface ValueProblem {
  readonly path: RawPath;
  readonly message: string;
}

export interface TableReading<Entries> {
  /** One entry for each key that acts; meaningless when there are problems. */
  readonly values: ValuesOf<Entries>;
  /** The keys that are set, as they stand there. */
  readonly given: ReadonlyMap<string, unknown>;
  readonly problems: readonly ValueProblem[];
}

export function readTable<Entries>(table: KeyTable<Entries>, root: unknown): TableReading<Entries> {
  const given = new Map<string, unknown>();
  const problems: ValueProblem[] = [];
  collect(root, [], { table, given, problems });
  const values: Record<string, unknown> = {};
  for (const [path, key] of table.keys) {
    const reading = readKey(path, key, given.get(path));
    problems.push(...reading.problems);
    if (key.effect === "acts") values[path] = reading.value;
  }
  // The table that the values' type is made of is the one just gone through.
  return { values: values as ValuesOf<Entries>, given, problems };
}

interface Collection {
  readonly table: KeyTable;
  readonly given: Map<string, unknown>;
  readonly problems: ValueProblem[];
}

function collect(node: unknown, path: RawPath, collection: Collection): void {
  const name = formatPath(path);
  const key = collection.table.keys.get(name);
  if (key !== undefined) {
    const isPresent = node !== undefined && (node !== null || key.bare === true);
    if (isPresent) collection.given.set(name, node);
  } else if (isRawMap(node)) {
    for (const [member, child] of Object.entries(node)) collectMember(member, child, path, collection);
  } else if (node !== undefined && node !== null) {
    collection.problems.push({ path, message: `expected a map of keys, found ${describe(node)}` });
  }
}

function collectMember(member: string, child: unknown, parent: RawPath, collection: Collection): void {
  const { table, problems } = collection;
  const path = [...parent, member];
  const name = formatPath(path);
  const isKnown = !member.includes(".") && (table.keys.has(name) || table.sections.has(name));
  if (isKnown) collect(child, path, collection);
  else problems.push({ path, message: unknownKey(member, name, table) });
}

function unknownKey(member: string, name: string, { keys, sections }: KeyTable): string {
  if (keys.has(name) || sections.has(name))
    return `unknown key; write "${member.split(".").join(": {")}" as maps within maps`;
  return `unknown key; ${suggest(name, [...keys.keys(), ...sections], ".")}`;
}

interface KeyReading {
  readonly value?: unknown;
  readonly problems: readonly ValueProblem[];
}

function readKey(name: string, key: Key, given: unknown): KeyReading {
  const path = name.split(".");
  if (given === undefined && key.effect !== "acts") return { problems: [] };
  const result = key.schema.safeParse(given === undefined ? key.default : given);
  if (!result.success) {
    const problems = result.error.issues.map((issue) => wrongValue(path, key, given, issue));
    return { problems: distinct(problems) };
  }
  if (key.effect === "refused" && key.refuses(given)) return { problems: [{ path, message: key.instead }] };
  return { value: result.data, problems: [] };
}

function wrongValue(
  path: RawPath,
  { type, secret }: Key,
  given: unknown,
  issue: z.core.$ZodIssue,
): ValueProblem {
  const inner = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
  const { message, detail } = wordsOf(issue);
  if (message !== undefined) return { path: [...path, ...inner], message: String(message) };
  const found = inner.reduce<unknown>((node, part) => memberOf(node, part), given);
  const more = detail === undefined ? "" : `; ${detail}`;
  const shown = secret && found !== undefined ? "something else" : quote(found);
  return { path: [...path, ...inner], message: `expected ${type}, found ${shown}${more}` };
}

/** What a schema of ours says itself: the whole message, or more about the value. */
function wordsOf(issue: z.core.$ZodIssue): { readonly message?: unknown; readonly detail?: unknown } {
  return issue.code === "custom" ? (issue.params ?? {}) : {};
}

function memberOf(node: unknown, part: string | number): unknown {
  return typeof node === "object" && node !== null
    ? Object.getOwnPropertyDescriptor(node, part)?.value
    : undefined;
}

/** What kind of thing it is: text and lists in the wrong place may hold anything, secrets too. */
function describe(value: unknown): string {
  return Array.isArray(value) ? "a list" : typeof value === "string" ? "text" : quote(value);
}

function quote(value: unknown): string {
  const shown = JSON.stringify(value) ?? "nothing";
  return shown.length > 80 ? `${shown.slice(0, 80)}…` : shown;
}

function distinct(problems: readonly ValueProblem[]): readonly ValueProblem[] {
  return [
    ...new Map(
      problems.map((problem) => [`${formatPath(problem.path)} ${problem.message}`, problem]),
    ).values(),
  ];
}

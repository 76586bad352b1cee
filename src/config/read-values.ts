// From the raw tree to a value for each key. Finds every problem there is:
// unknown keys, wrong values, and requests that cannot be fulfilled.
import type { z } from "zod";
import type { Key, RefusedKey } from "./key.ts";
import { KEYS, SECTIONS, type Values } from "./keys.ts";
import { suggest } from "./nearest.ts";
import { formatPath, isRawMap, type RawPath } from "./raw-tree.ts";

export interface ValueProblem {
  readonly path: RawPath;
  readonly message: string;
}

export interface ValueReading {
  /** One entry for each key that acts; meaningless when there are problems. */
  readonly values: Values;
  /** The keys that are set, as they stand there. */
  readonly given: ReadonlyMap<string, unknown>;
  readonly problems: readonly ValueProblem[];
}

export function readValues(root: unknown): ValueReading {
  const given = new Map<string, unknown>();
  const problems: ValueProblem[] = [];
  collect(root, [], { given, problems });
  const values: Record<string, unknown> = {};
  for (const [path, key] of KEYS) {
    const reading = readKey(path, key, given.get(path));
    problems.push(...reading.problems);
    if (key.effect === "acts") values[path] = reading.value;
  }
  // The table that Values is made of is the one just gone through.
  return { values: values as Values, given, problems };
}

interface Collection {
  readonly given: Map<string, unknown>;
  readonly problems: ValueProblem[];
}

function collect(node: unknown, path: RawPath, collection: Collection): void {
  const name = formatPath(path);
  const key = KEYS.get(name);
  if (key !== undefined) {
    const isPresent = node !== undefined && (node !== null || MEANS_PRESENT.has(name));
    if (isPresent) collection.given.set(name, node);
  } else if (isRawMap(node)) {
    for (const [member, child] of Object.entries(node)) collectMember(member, child, path, collection);
  } else if (node !== undefined && node !== null) {
    collection.problems.push({ path, message: `expected a map of keys, found ${quote(node)}` });
  }
}

/** Keys that are set by being there, be it with nothing behind the colon. */
const MEANS_PRESENT: ReadonlySet<string> = new Set(["storage.inmemory", "auth.none"]);

function collectMember(member: string, child: unknown, parent: RawPath, collection: Collection): void {
  const path = [...parent, member];
  const name = formatPath(path);
  const isKnown = !member.includes(".") && (KEYS.has(name) || SECTIONS.has(name));
  if (isKnown) collect(child, path, collection);
  else collection.problems.push({ path, message: unknownKey(member, name) });
}

function unknownKey(member: string, name: string): string {
  if (KEYS.has(name) || SECTIONS.has(name))
    return `unknown key; write "${member.split(".").join(": {")}" as maps within maps`;
  return `unknown key; ${suggest(name, [...KEYS.keys(), ...SECTIONS], ".")}`;
}

interface KeyReading {
  readonly value?: unknown;
  readonly problems: readonly ValueProblem[];
}

function readKey(name: string, key: Key, given: unknown): KeyReading {
  const path = name.split(".");
  if (name === "version" && given === undefined) return { problems: [] };
  if (given === undefined && key.effect !== "acts") return { problems: [] };
  if (given === null && MEANS_PRESENT.has(name)) return { value: true, problems: [] };
  const result = key.schema.safeParse(given ?? key.default);
  if (!result.success) {
    const problems = result.error.issues.map((issue) => wrongValue(path, key, given, issue));
    return { problems: distinct(problems) };
  }
  if (key.effect === "refused" && key.refuses(given)) return { problems: [refusal(path, key)] };
  return { value: result.data, problems: [] };
}

function refusal(path: RawPath, { instead }: RefusedKey): ValueProblem {
  return { path, message: instead };
}

function wrongValue(
  path: RawPath,
  { type, secret }: Key,
  given: unknown,
  issue: z.core.$ZodIssue,
): ValueProblem {
  const inner = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
  const found = inner.reduce<unknown>((node, part) => memberOf(node, part), given);
  const detail: unknown = issue.code === "custom" ? issue.params?.detail : undefined;
  const more = detail === undefined ? "" : `; ${detail}`;
  const shown = secret ? "something else" : quote(found);
  return { path: [...path, ...inner], message: `expected ${type}, found ${shown}${more}` };
}

function memberOf(node: unknown, part: string | number): unknown {
  return typeof node === "object" && node !== null
    ? Object.getOwnPropertyDescriptor(node, part)?.value
    : undefined;
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

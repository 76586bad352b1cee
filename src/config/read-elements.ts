// Lists whose elements are maps, each with a table of keys of its own: the rules of
// the policy, identity providers and their rules.
import { z } from "zod";
import { effectiveTree } from "./effective-tree.ts";
import { complain, reject } from "./key.ts";
import type { KeyTable, ValuesOf } from "./key-table.ts";
import { isRawMap } from "./raw-tree.ts";
import { readTable, type ValueProblem } from "./read-table.ts";

export interface ElementForm<Entries, T> {
  readonly table: KeyTable<Entries>;
  /** What each element is, for people: "a map with …". */
  readonly expected: string;
  /** Members that each must have, with what each is for. */
  readonly required: Readonly<Record<string, string>>;
  /** What is wrong with an empty list. Absent: it may be empty. */
  readonly empty?: string;
  /** Problems between members that are right by themselves. */
  readonly check?: (
    values: ValuesOf<Entries>,
    given: ReadonlyMap<string, unknown>,
  ) => readonly ValueProblem[];
  /** A name that no two elements may share, and the member that holds it. */
  readonly unique?: { readonly member: string; readonly nameOf: (element: T) => string };
  /** `index`: the element's place in the list, from 0. */
  readonly build: (values: ValuesOf<Entries>, index: number) => T;
}

/** The schema of such a list. Absent stays absent. */
export const elementsOf = <Entries, T>(form: ElementForm<Entries, T>) =>
  z.unknown().transform((given, context): readonly T[] | undefined => {
    if (given === undefined) return undefined;
    const isEmpty = given === null || (Array.isArray(given) && given.length === 0);
    if (isEmpty && form.empty !== undefined) return complain(context, form.empty);
    if (!Array.isArray(given)) return reject(context);
    return readElements(form, given, context);
  });

/** The elements in the file's own form, with the defaults of their members. */
export const showElements = (table: KeyTable) => (given: unknown) =>
  Array.isArray(given)
    ? given.filter(isRawMap).map((entry) => effectiveTree(table, readTable(table, entry).given))
    : [];

function readElements<Entries, T>(
  form: ElementForm<Entries, T>,
  entries: readonly unknown[],
  context: z.core.$RefinementCtx,
): readonly T[] {
  const names = new Map<string, number>();
  return entries.flatMap((entry, index) => {
    const report = ({ path, message }: ValueProblem) =>
      context.addIssue({ code: "custom", path: [index, ...path], params: { message } });
    const { element, problems } = readElement(form, entry, index);
    problems.forEach(report);
    if (element === undefined) return [];
    const twin = twinOf(form, names, { element, index });
    if (twin !== undefined) report(twin);
    return [element];
  });
}

interface ElementReading<T> {
  /** Absent when there are problems. */
  readonly element?: T;
  readonly problems: readonly ValueProblem[];
}

function readElement<Entries, T>(
  form: ElementForm<Entries, T>,
  entry: unknown,
  index: number,
): ElementReading<T> {
  if (!isRawMap(entry)) return { problems: [{ path: [], message: `expected ${form.expected}` }] };
  const { values, given, problems } = readTable(form.table, entry);
  const missing = Object.entries(form.required)
    .filter(([member]) => !given.has(member))
    .map(([member, purpose]) => ({ path: [member], message: `it is missing; ${purpose}` }));
  const simple = [...problems, ...missing];
  const found = simple.length > 0 ? simple : (form.check?.(values, given) ?? []);
  return found.length > 0 ? { problems: found } : { element: form.build(values, index), problems: [] };
}

function twinOf<Entries, T>(
  { unique }: ElementForm<Entries, T>,
  names: Map<string, number>,
  { element, index }: { readonly element: T; readonly index: number },
): ValueProblem | undefined {
  if (unique === undefined) return undefined;
  const name = unique.nameOf(element);
  const twin = names.get(name);
  if (twin === undefined) {
    names.set(name, index);
    return undefined;
  }
  return {
    path: [unique.member],
    message: `"${name}" is the ${unique.member} of element ${twin} too; each needs its own`,
  };
}

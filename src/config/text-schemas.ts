// Schemas made of parsers of ours: for a text, and for lists in which one text may
// stand for a list of one.
import { z } from "zod";
import { complain, type Parsed, reject } from "./key.ts";

export type Parse<T> = (text: string) => Parsed<T>;

/** Absent stays absent. */
export const parsedText = <T>(parse: Parse<T>) =>
  z.unknown().transform((given, context): T | undefined => {
    if (given === undefined) return undefined;
    const text = textOf(given);
    const parsed = text === undefined ? undefined : parse(text);
    if (parsed === undefined) return reject(context);
    return "problem" in parsed ? complain(context, parsed.problem) : parsed.value;
  });

/** A list, or one text alone. Absent: empty. An empty list is refused: it may mean everything or nothing. */
export const oneOrMore = <T>(parse: Parse<T>) =>
  z.unknown().transform((given, context): readonly T[] => {
    if (given === undefined) return [];
    if (!Array.isArray(given)) return parseAll([given], parse, { context, isList: false });
    if (given.length === 0) return reject(context);
    return parseAll(given, parse, { context, isList: true });
  });

/** A list that may be empty. */
export const listOf = <T>(parse: Parse<T>) =>
  z
    .array(z.unknown())
    .transform((given, context): readonly T[] => parseAll(given, parse, { context, isList: true }));

interface Place {
  readonly context: z.core.$RefinementCtx;
  /** True: problems are about an element. */
  readonly isList: boolean;
}

function parseAll<T>(entries: readonly unknown[], parse: Parse<T>, { context, isList }: Place): readonly T[] {
  return entries.flatMap((entry, index) => {
    const path = isList ? [index] : [];
    const text = textOf(entry);
    if (text === undefined) {
      context.addIssue({ code: "custom", path });
      return [];
    }
    const parsed = parse(text);
    if ("problem" in parsed) complain(context, parsed.problem, path);
    return "value" in parsed ? [parsed.value] : [];
  });
}

/** Numbers and truth values stand for their own spelling. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

// What a configuration key is. Each key is one of three: it acts, it is
// accepted without effect, or it is refused because its silent absence would be
// dangerous. The tables in keys/ hold them all; reading, the names of the
// environment variables and docs/configuration.md come from there.
import { z } from "zod";
import { parseDuration } from "./duration.ts";
import type { KeyTable } from "./key-table.ts";

/** What may stand below a key in the name of an environment variable. */
export type Below =
  /** List elements and members: ENDPOINTS_0_URL. Members that are known keep their own rules. */
  | "tree"
  /** One free name, in lower case: FIELDS_MY_NAME is my_name. */
  | "field"
  /** One header name: HEADERS_X_FRAME_OPTIONS is x-frame-options. */
  | "header";

interface KeyText {
  /** What is expected, for people: "HOST:PORT, such as …". */
  readonly type: string;
  /** One or two sentences for the documentation. */
  readonly meaning: string;
}

interface KeyForm<T> extends KeyText {
  /** Turns what stands in the file into the value. Gets undefined where nothing is set and there is no default. */
  readonly schema: z.ZodType<T>;
  /** As it would stand in the file. Absent: no default. */
  readonly default?: unknown;
  readonly below?: Below;
  /** What may stand in each element of the list that the value is. */
  readonly elements?: KeyTable;
  /** Another name of the variable. */
  readonly alias?: string;
  /** The value ("all") or each element of the list ("elements") is text, which a variable holds as it is, not as YAML. */
  readonly verbatim?: "all" | "elements";
  /** True: no complaint quotes the value. */
  readonly secret?: boolean;
  /** The value without what is secret in it. Absent: nothing is, or names tell what. */
  readonly show?: (given: unknown) => unknown;
  /** True: set by being there, be it with nothing behind the colon. */
  readonly bare?: boolean;
}

/** A key that Stowage acts on. */
export interface ActingKey<T> extends KeyForm<T> {
  readonly effect: "acts";
}

/** A key that is accepted and changes nothing. */
export interface InertKey extends KeyForm<unknown> {
  readonly effect: "none";
}

/** A key that may stand in the file only with values that ask for nothing. */
export interface RefusedKey extends KeyForm<unknown> {
  readonly effect: "refused";
  /** True for values that cannot be fulfilled. */
  readonly refuses: (value: unknown) => boolean;
  /** Why, and what to do instead. */
  readonly instead: string;
}

export type Key = ActingKey<unknown> | InertKey | RefusedKey;

export function acts<T>(form: KeyForm<T>): ActingKey<T> {
  return { ...form, effect: "acts" };
}

/** Anything may stand there unless a schema is given: it changes nothing. */
export function inert(form: KeyText & Partial<KeyForm<unknown>>): InertKey {
  return { schema: z.unknown(), ...form, effect: "none" };
}

/** Refuses every value but an empty one unless told which. */
export function refused(
  form: KeyText &
    Partial<KeyForm<unknown>> & { readonly instead: string; readonly refuses?: RefusedKey["refuses"] },
): RefusedKey {
  return { schema: z.unknown(), below: "tree", refuses: () => true, ...form, effect: "refused" };
}

// --- schemas that several keys share ---

/** Text; a number or a truth value stands for its own spelling, as in distribution. */
export const text = z.union([z.string(), z.number().transform(String), z.boolean().transform(String)]);

/** The path of a file. */
export const filePath = text.pipe(z.string().min(1));

export const FILE = "the path of a file";

export const flag = z.boolean();

export const FLAG = "true or false";

export const count = z.int().min(1);

export const COUNT = "a whole number, at least 1";

export const DURATION = 'a duration with its unit, such as "30s", "1h30m" or "7d"';

export const POSITIVE_DURATION = 'a duration above 0, such as "12h" or "30d"';

/** A duration that timers can wait for. */
export const TIMER = 'a duration, such as "1s" or "500ms", above 0 and at most 24h';

const MAX_TIMER_MS = 86_400_000;

/** Says that the value is not what `type` describes; `detail` tells more where there is more to tell. */
export function reject(context: z.core.$RefinementCtx, detail?: string): never {
  context.addIssue({ code: "custom", params: { detail } });
  return z.NEVER;
}

/** What a parser makes of a text, or what is wrong with it in a whole sentence that quotes what may be quoted. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** Says what is wrong in a message of its own. */
export function complain(
  context: z.core.$RefinementCtx,
  message: string,
  path: readonly number[] = [],
): never {
  context.addIssue({ code: "custom", path: [...path], params: { message } });
  return z.NEVER;
}

/** A duration in milliseconds. */
export const duration = z.unknown().transform((value, context) => {
  const milliseconds = value === 0 ? 0 : typeof value === "string" ? parseDuration(value) : undefined;
  if (milliseconds !== undefined) return milliseconds;
  return reject(context, unitAdvice(String(value)));
});

/** Distribution takes a bare number for nanoseconds; who wrote one hardly meant so many seconds. */
const NANOSECONDS = 1_000_000;

function unitAdvice(text: string): string | undefined {
  const [number = ""] = /^\d+$/.exec(text) ?? [];
  if (number === "") return undefined;
  if (Number(number) < NANOSECONDS) return `it has no unit; for seconds write "${number}s"`;
  const milliseconds = Number(number) / NANOSECONDS;
  const duration = milliseconds % 1000 === 0 ? `${milliseconds / 1000}s` : `${milliseconds}ms`;
  return `it has no unit; for as many nanoseconds write "${duration}"`;
}

/** A duration in milliseconds, above 0. */
export const positiveDuration = duration.refine((value) => value > 0);

/** A duration in milliseconds, above 0 and at most a day: longer than a timer's 24 days would be none. */
export const timer = duration.refine((value) => value > 0 && value <= MAX_TIMER_MS);

/** Whole numbers within bounds. */
export const between = (min: number, max: number) => z.int().min(min).max(max);

// The command line of `npm run bench:auth`.
import { parseArgs } from "node:util";
import {
  chosen,
  namesOf,
  ROUND_SPEC,
  type RoundOptions,
  roundOptions,
  roundUsage,
} from "../round-options.ts";
import { BASELINE, CALLERS, type Caller } from "./callers.ts";

/** Short rounds and many of them: what changes slowly hits all alike. */
const DEFAULTS = { rounds: 15, seconds: 0.5 };

export const USAGE = `npm run bench:auth -- [options]
  --callers NAMES   only these and "${BASELINE}", separated by commas: ${namesOf(CALLERS)}
${roundUsage(DEFAULTS, { of: "each caller's requests", suffix: "-auth" })}`;

export interface Options extends RoundOptions {
  /** The first is the one that the others are compared with. */
  readonly callers: readonly Caller[];
}

const SPEC = { callers: { type: "string" }, ...ROUND_SPEC } as const;

/** Reads the arguments; undefined when help is asked for. Throws on what it does not know. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({ args: [...args], options: SPEC, strict: true });
  if (values.help === true) return undefined;
  const list = values.callers === undefined ? undefined : `${BASELINE},${values.callers}`;
  return { callers: chosen("caller", list, CALLERS), ...roundOptions(values, DEFAULTS) };
}

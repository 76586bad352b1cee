// The command line of `npm run bench:observing`.
import { parseArgs } from "node:util";
import {
  chosen,
  namesOf,
  ROUND_SPEC,
  type RoundOptions,
  roundOptions,
  roundUsage,
} from "../round-options.ts";
import { BASELINE, CASES, type Case } from "./cases.ts";

/** Short rounds and many of them: what changes slowly hits all alike. */
const DEFAULTS = { rounds: 15, seconds: 0.5 };

export const USAGE = `npm run bench:observing -- [options]
  --cases NAMES     only these and "${BASELINE}", separated by commas: ${namesOf(CASES)}
${roundUsage(DEFAULTS, { of: "each case's requests", suffix: "-observing" })}`;

export interface Options extends RoundOptions {
  /** The first is the one that the others are compared with. */
  readonly cases: readonly Case[];
}

const SPEC = { cases: { type: "string" }, ...ROUND_SPEC } as const;

/** Reads the arguments; undefined when help is asked for. Throws on what it does not know. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({ args: [...args], options: SPEC, strict: true });
  if (values.help === true) return undefined;
  const list = values.cases === undefined ? undefined : `${BASELINE},${values.cases}`;
  return { cases: chosen("case", list, CASES), ...roundOptions(values, DEFAULTS) };
}

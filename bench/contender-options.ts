// The command line of benchmarks that compare registries with one of them, in rounds.
import { parseArgs } from "node:util";
import { chosen, namesOf, ROUND_SPEC, type RoundOptions, roundOptions, roundUsage } from "./round-options.ts";
import type { Contender } from "./verdict.ts";

/** Short rounds and many of them: what changes slowly hits all alike. */
const DEFAULTS = { rounds: 15, seconds: 0.5 };

/** What a benchmark compares. */
export interface Comparison<C extends Contender> {
  /** "auth": the command is `npm run bench:auth`, and what is saved is called so. */
  readonly name: string;
  /** How one of them is called, and with an "s" the option that chooses them. */
  readonly what: string;
  readonly all: readonly C[];
  readonly baseline: string;
}

export interface ContenderOptions<C extends Contender> extends RoundOptions {
  /** The first is the one that the others are compared with. */
  readonly contenders: readonly C[];
}

export function usageOf<C extends Contender>({ name, what, all, baseline }: Comparison<C>): string {
  const option = `--${what}s NAMES`.padEnd(18);
  return `npm run bench:${name} -- [options]
  ${option}only these and "${baseline}", separated by commas: ${namesOf(all)}
${roundUsage(DEFAULTS, { of: `each ${what}'s requests`, suffix: `-${name}` })}`;
}

/** Reads the arguments; undefined when help is asked for. Throws on what it does not know. */
export function parseContenders<C extends Contender>(
  { what, all, baseline }: Comparison<C>,
  args: readonly string[],
): ContenderOptions<C> | undefined {
  const option = `${what}s`;
  const options = { ...ROUND_SPEC, [option]: { type: "string" as const } };
  const { values } = parseArgs({ args: [...args], options, strict: true });
  if (values.help === true) return undefined;
  const named: unknown = Reflect.get(values, option);
  const list = typeof named === "string" ? `${baseline},${named}` : undefined;
  return { contenders: chosen(what, list, all), ...roundOptions(values, DEFAULTS) };
}

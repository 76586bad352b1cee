// The command line of `npm run bench:events`.
import { parseArgs } from "node:util";
import {
  chosen,
  namesOf,
  ROUND_SPEC,
  type RoundOptions,
  roundOptions,
  roundUsage,
} from "../round-options.ts";
import { logCost, pullsCost } from "./costs.ts";
import { fanOut } from "./fan-out.ts";
import { memory } from "./memory.ts";
import type { Section } from "./section.ts";
import { slowSubscriber } from "./slow-subscriber.ts";
import { webhooks } from "./webhooks.ts";

const SECTIONS: readonly Section[] = [fanOut, slowSubscriber, webhooks, logCost, pullsCost, memory];

const DEFAULTS = { rounds: 3, seconds: 3 };

export const USAGE = `npm run bench:events -- [options]
  --sections NAMES  only these, separated by commas: ${namesOf(SECTIONS)}
${roundUsage(DEFAULTS, { of: "each figure", suffix: "-events" })}`;

export interface Options extends RoundOptions {
  readonly sections: readonly Section[];
}

const SPEC = { sections: { type: "string" }, ...ROUND_SPEC } as const;

/** Reads the arguments; undefined when help is asked for. Throws on what it does not know. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({ args: [...args], options: SPEC, strict: true });
  if (values.help === true) return undefined;
  return { sections: chosen("section", values.sections, SECTIONS), ...roundOptions(values, DEFAULTS) };
}

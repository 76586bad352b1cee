// The command line of `npm run bench:events`.
import { parseArgs } from "node:util";
import { positive } from "../options.ts";
import { logCost, pullsCost } from "./costs.ts";
import { fanOut } from "./fan-out.ts";
import { memory } from "./memory.ts";
import type { Section } from "./section.ts";
import { slowSubscriber } from "./slow-subscriber.ts";
import { webhooks } from "./webhooks.ts";

const SECTIONS: readonly Section[] = [fanOut, slowSubscriber, webhooks, logCost, pullsCost, memory];

export const USAGE = `npm run bench:events -- [options]
  --sections NAMES  only these, separated by commas: ${SECTIONS.map(({ name }) => name).join(", ")}
  --rounds N        rounds of each figure; the median counts (default 3)
  --seconds S       how long a round takes (default 3)
  --folder PATH     where the registries keep their data meanwhile (default: the system's temporary folder)
  --smoke           a moment for each and little data: only shows that it works
  --json            print JSON, not tables
  --save            also write the JSON to bench/results/<date>-events.json
`;

export interface Options {
  readonly sections: readonly Section[];
  readonly rounds: number;
  readonly seconds: number;
  readonly folder: string | undefined;
  readonly smoke: boolean;
  readonly json: boolean;
  readonly save: boolean;
}

const SPEC = {
  sections: { type: "string" },
  rounds: { type: "string" },
  seconds: { type: "string" },
  folder: { type: "string" },
  smoke: { type: "boolean" },
  json: { type: "boolean" },
  save: { type: "boolean" },
  help: { type: "boolean" },
} as const;

/** Reads the arguments; undefined when help is asked for. Throws on what it does not know. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({ args: [...args], options: SPEC, strict: true });
  if (values.help === true) return undefined;
  const smoke = values.smoke ?? false;
  return {
    sections: values.sections === undefined ? SECTIONS : sectionsNamed(values.sections.split(",")),
    rounds: positive("rounds", values.rounds ?? (smoke ? "1" : "3")),
    seconds: positive("seconds", values.seconds ?? (smoke ? "0.1" : "3")),
    folder: values.folder,
    smoke,
    json: values.json ?? false,
    save: values.save ?? false,
  };
}

function sectionsNamed(names: readonly string[]): readonly Section[] {
  const unknown = names.find((name) => !SECTIONS.some((section) => section.name === name));
  if (unknown === undefined) return SECTIONS.filter(({ name }) => names.includes(name));
  throw new Error(`no section "${unknown}"; there are ${SECTIONS.map(({ name }) => name).join(", ")}`);
}

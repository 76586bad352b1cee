// The part of the command line that all benchmarks have which take rounds of several
// registries in turn.

/** For parseArgs of node:util. */
export const ROUND_SPEC = {
  rounds: { type: "string" },
  seconds: { type: "string" },
  folder: { type: "string" },
  smoke: { type: "boolean" },
  json: { type: "boolean" },
  save: { type: "boolean" },
  help: { type: "boolean" },
} as const;

export interface RoundOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly folder: string | undefined;
  readonly smoke: boolean;
  readonly json: boolean;
  readonly save: boolean;
}

/** How many rounds there are, and how long each takes, when nobody says it. */
export type RoundDefaults = Pick<RoundOptions, "rounds" | "seconds">;

/** The lines of a usage text; each benchmark says what its rounds are, and where the JSON is saved. */
export function roundUsage(
  { rounds, seconds }: RoundDefaults,
  { of, suffix }: { readonly of: string; readonly suffix: string },
): string {
  return `\
  --rounds N        rounds of ${of}; the median counts (default ${rounds})
  --seconds S       how long a round takes (default ${seconds})
  --folder PATH     where the registries keep their data meanwhile (default: the system's temporary folder)
  --smoke           a moment for each and little data: only shows that it works
  --json            print JSON, not tables
  --save            also write the JSON to bench/results/<date>${suffix}.json
`;
}

/** What parseArgs found for ROUND_SPEC. */
type RoundValues = {
  readonly [Name in keyof typeof ROUND_SPEC]?:
    | ((typeof ROUND_SPEC)[Name]["type"] extends "string" ? string : boolean)
    | undefined;
};

/** Throws on what is no number above 0. */
export function roundOptions(values: RoundValues, defaults: RoundDefaults): RoundOptions {
  const smoke = values.smoke ?? false;
  const { rounds, seconds } = smoke ? SMOKE : defaults;
  return {
    rounds: positive("rounds", values.rounds ?? String(rounds)),
    seconds: positive("seconds", values.seconds ?? String(seconds)),
    folder: values.folder,
    smoke,
    json: values.json ?? false,
    save: values.save ?? false,
  };
}

const SMOKE: RoundDefaults = { rounds: 1, seconds: 0.1 };

export function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`--${name} must be a number above 0, not "${text}"`);
}

interface Named {
  readonly name: string;
}

/** Those that a comma-separated list names, in their own order; all without a list. Throws on a name that none has. */
export function chosen<T extends Named>(
  what: string,
  list: string | undefined,
  all: readonly T[],
): readonly T[] {
  if (list === undefined) return all;
  const names = list.split(",");
  const unknown = names.find((name) => !all.some((one) => one.name === name));
  if (unknown === undefined) return all.filter(({ name }) => names.includes(name));
  throw new Error(`no ${what} "${unknown}"; there are ${namesOf(all)}`);
}

/** For usage texts. */
export function namesOf(all: readonly Named[]): string {
  return all.map(({ name }) => name).join(", ");
}

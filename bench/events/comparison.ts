// What one thing costs: the same work with it and without it in turn, many short
// rounds, and beside them a second one without it, which shows what chance does.
import type { Measurement, Target } from "../generator.ts";
import { figure } from "../table.ts";
import type { Findings, SectionContext } from "./section.ts";

/** The servers that are compared. `again` is as `without`. */
export interface Trio {
  readonly with: Target["server"];
  readonly without: Target["server"];
  readonly again: Target["server"];
}

/** A difference between two servers: the mean of the rounds' ratios, and half the width of its 95 % interval. In percent. */
export interface Difference {
  readonly percent: number;
  readonly uncertainty: number;
}

export interface Comparison {
  /** How much less `with` did a second than the two others, and how much more CPU time an operation took. */
  readonly slower: Difference;
  readonly dearer: Difference;
  /** The same of `again` against `without`: both should be nothing. */
  readonly control: { readonly slower: Difference; readonly dearer: Difference };
  readonly rate: Readonly<Record<keyof Trio, number>>;
  /** CPU seconds of the server for 1,000 operations. */
  readonly cpu: Readonly<Record<keyof Trio, number>>;
  readonly rounds: number;
}

/** Does the operation on the three in turn. */
export async function compare(
  { generator, seconds }: SectionContext,
  trio: Trio,
  { operation, rounds }: { readonly operation: string; readonly rounds: number },
): Promise<Comparison> {
  const targets = (["with", "without", "again"] as const).map((name) => ({ name, server: trio[name] }));
  const measurements = await generator.load(targets, { operation, rounds, seconds });
  const failed = measurements.find(({ errors }) => errors > 0);
  if (failed !== undefined) throw new Error(`${operation}: ${failed.lastError ?? "failed"}`);
  const of = (name: keyof Trio) => measurements.filter(({ target }) => target === name);
  const all = { with: of("with"), without: of("without"), again: of("again") };
  return {
    slower: negated(difference(all.with, [all.without, all.again], rate)),
    dearer: difference(all.with, [all.without, all.again], cpu),
    control: {
      slower: negated(difference(all.again, [all.without], rate)),
      dearer: difference(all.again, [all.without], cpu),
    },
    rate: { with: mean(all.with, rate), without: mean(all.without, rate), again: mean(all.again, rate) },
    cpu: { with: mean(all.with, cpu), without: mean(all.without, cpu), again: mean(all.again, cpu) },
    rounds,
  };
}

function rate({ operations, seconds }: Measurement): number {
  return operations / seconds;
}

function cpu({ operations, serverCpu }: Measurement): number {
  return (serverCpu / operations) * 1000;
}

function mean(rounds: readonly Measurement[], value: (round: Measurement) => number): number {
  return rounds.reduce((sum, round) => sum + value(round), 0) / rounds.length;
}

/** By how much the first is above the others together, round by round. */
function difference(
  some: readonly Measurement[],
  others: readonly (readonly Measurement[])[],
  value: (round: Measurement) => number,
): Difference {
  const ratios = some.map((one) => {
    const same = others.flatMap((other) => other.filter(({ round }) => round === one.round));
    const logarithms = same.map((other) => Math.log(value(other)));
    return Math.log(value(one)) - logarithms.reduce((sum, each) => sum + each, 0) / same.length;
  });
  const average = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  const variance = ratios.reduce((sum, ratio) => sum + (ratio - average) ** 2, 0) / (ratios.length - 1);
  const error = Math.sqrt(variance / ratios.length);
  return { percent: Math.expm1(average) * 100, uncertainty: 1.96 * error * 100 };
}

function negated({ percent, uncertainty }: Difference): Difference {
  return { percent: -percent, uncertainty };
}

/** The comparison as a table; `goal`: the percentage that `slower` shall stay below. */
export function findings(title: string, comparison: Comparison, goal: number | undefined): Findings {
  const { slower, dearer, control, rate: rates, cpu: cpus, rounds } = comparison;
  const verdict = goal === undefined ? [] : [`shall be below ${goal} %`];
  return {
    headings: ["", "with /s", "without /s", "slower %", "CPU s/1000 with", "without", "more CPU %"],
    rows: [
      [
        title,
        figure(rates.with),
        figure(rates.without),
        show(slower),
        figure(cpus.with),
        figure(cpus.without),
        show(dearer),
      ],
      [
        "nothing (two without)",
        figure(rates.again),
        figure(rates.without),
        show(control.slower),
        figure(cpus.again),
        figure(cpus.without),
        show(control.dearer),
      ],
    ],
    notes: [[`${rounds} rounds each, in turn; ± is the 95 % interval`, ...verdict].join("; ")],
    measured: comparison,
  };
}

function show({ percent, uncertainty }: Difference): string {
  return `${percent.toFixed(1)} ± ${uncertainty.toFixed(1)}`;
}

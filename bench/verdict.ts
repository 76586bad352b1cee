// What the rounds say of registries that differ in one thing: how much each does
// compared with the one that is the baseline, in the same rounds.
import type { Measurement } from "./generator.ts";
import type { Unit } from "./rows.ts";
import { type Figure, figureOf } from "./summary.ts";
import { figure, table } from "./table.ts";

/** One of the registries that are compared. */
export interface Contender {
  readonly name: string;
  readonly title: string;
  /** What part of the baseline's rate it shall reach. */
  readonly goal?: number;
}

export interface Verdict {
  readonly name: string;
  readonly title: string;
  readonly figure: Figure;
  /** The median of the rounds' ratios to the baseline: requests a second, and CPU time of the server a request. */
  readonly ratio: number;
  readonly cpuRatio: number;
  readonly goal?: number;
  /** Absent: there is no goal. */
  readonly reached?: boolean;
}

/** Throws when a request failed. */
export function judge(
  contenders: readonly Contender[],
  measurements: readonly Measurement[],
  { baseline, unit }: { readonly baseline: string; readonly unit: Unit },
): readonly Verdict[] {
  const failed = measurements.find(({ errors }) => errors > 0);
  if (failed !== undefined)
    throw new Error(`${failed.operation} as ${failed.target}: ${failed.lastError ?? "failed"}`);
  const base = measurements.filter(({ target }) => target === baseline);
  return contenders.map(({ name, title, goal }) => {
    const rounds = measurements.filter(({ target }) => target === name);
    const ratio = medianRatio(rounds, base, ({ operations, seconds }) => operations / seconds);
    const cpuRatio = medianRatio(rounds, base, ({ operations, serverCpu }) => serverCpu / operations);
    return {
      name,
      title,
      figure: figureOf(unit, rounds),
      ratio,
      cpuRatio,
      ...(goal !== undefined && { goal, reached: ratio >= goal }),
    };
  });
}

function medianRatio(
  rounds: readonly Measurement[],
  base: readonly Measurement[],
  value: (round: Measurement) => number,
): number {
  const ratios = rounds.flatMap((one) =>
    base.filter(({ round }) => round === one.round).map((other) => value(one) / value(other)),
  );
  const sorted = ratios.sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length - 1 - middle], sorted[middle]];
  return (low + high) / 2;
}

export function report(
  title: string,
  verdicts: readonly Verdict[],
  { baseline, unit }: { readonly baseline: string; readonly unit: Unit },
): string {
  const headings = [
    title,
    unit,
    `x ${baseline}`,
    "shall be",
    "reached",
    "p50 ms",
    "p99 ms",
    "CPU s/1000",
    `x ${baseline}`,
  ];
  return table(headings, verdicts.map(cells));
}

function cells({ title, figure: found, ratio, cpuRatio, goal, reached }: Verdict): readonly string[] {
  return [
    title,
    figure(found.median),
    figure(ratio),
    goal === undefined ? "" : String(goal),
    reached === undefined ? "" : reached ? "yes" : "NO",
    figure(found.p50),
    figure(found.p99),
    figure(found.serverCpu),
    figure(cpuRatio),
  ];
}

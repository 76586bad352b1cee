// From rounds to one figure: the median of a peer's rounds, and what a row's figures say together.
import type { Measurement } from "./generator.ts";
import type { PeerName } from "./peers.ts";
import type { Row, Unit } from "./rows.ts";

/** What one peer did in one row. */
export interface Figure {
  /** In the row's unit: the median of the rounds, and the extremes. */
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  /** Latencies of the median round, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** CPU seconds for 1,000 operations, or for a gigabyte (10^9 bytes) where the unit is MB/s. */
  readonly serverCpu: number;
  readonly clientCpu: number;
  /** How much of one core the generator used: 0.5 is half a core. */
  readonly clientLoad: number;
  readonly errors: number;
  readonly lastError?: string;
}

export interface Result {
  readonly row: Row;
  readonly figures: Readonly<Partial<Record<PeerName, Figure>>>;
  /** Stowage's median to docker-registry's, and to bare node:http's. */
  readonly ratio: number | undefined;
  readonly limitRatio: number | undefined;
  /** Undefined when a ratio it depends on was not measured. */
  readonly reached: boolean | undefined;
}

export function summarize(row: Row, measurements: readonly Measurement[]): Result {
  const peers = Map.groupBy(measurements, (measurement) => measurement.target);
  const figures: Partial<Record<string, Figure>> = Object.fromEntries(
    [...peers].map(([name, rounds]) => [name, figureOf(row.unit, rounds)]),
  );
  const ratio = divide(figures.stowage, figures["docker-registry"]);
  const limitRatio = divide(figures.stowage, figures.limit);
  return { row, figures, ratio, limitRatio, reached: isReached(row, ratio, limitRatio) };
}

export function figureOf(unit: Unit, rounds: readonly Measurement[]): Figure {
  const sorted = [...rounds].sort((a, b) => rate(unit, a) - rate(unit, b));
  const median = sorted[Math.floor(sorted.length / 2)];
  const failed = rounds.find((round) => round.errors > 0);
  if (median === undefined) throw new Error("no rounds");
  return {
    median: rate(unit, median),
    lowest: Math.min(...rounds.map((round) => rate(unit, round))),
    highest: Math.max(...rounds.map((round) => rate(unit, round))),
    p50: median.p50,
    p99: median.p99,
    serverCpu: cost(unit, rounds, (round) => round.serverCpu),
    clientCpu: cost(unit, rounds, (round) => round.clientCpu),
    clientLoad: sum(rounds, (round) => round.clientCpu) / sum(rounds, (round) => round.seconds),
    errors: sum(rounds, (round) => round.errors),
    ...(failed?.lastError === undefined ? {} : { lastError: failed.lastError }),
  };
}

function rate(unit: Unit, round: Measurement): number {
  if (round.seconds === 0) return 0;
  return unit === "MB/s" ? round.bytes / 1e6 / round.seconds : round.operations / round.seconds;
}

function cost(unit: Unit, rounds: readonly Measurement[], cpu: (round: Measurement) => number): number {
  const work = sum(rounds, (round) => (unit === "MB/s" ? round.bytes / 1e9 : round.operations / 1e3));
  return sum(rounds, cpu) / work;
}

function sum(rounds: readonly Measurement[], value: (round: Measurement) => number): number {
  return rounds.reduce((total, round) => total + value(round), 0);
}

function divide(a: Figure | undefined, b: Figure | undefined): number | undefined {
  if (a === undefined || b === undefined || a.errors > 0 || b.median === 0) return undefined;
  return a.median / b.median;
}

function isReached(row: Row, ratio: number | undefined, limitRatio: number | undefined): boolean | undefined {
  if (ratio === undefined) return undefined;
  if (row.limitTarget === undefined) return ratio >= row.target;
  return limitRatio === undefined ? undefined : ratio >= row.target && limitRatio >= row.limitTarget;
}

// The tables that `npm run bench` prints.
import { PEER_NAMES, type PeerName } from "./peers.ts";
import type { Row } from "./rows.ts";
import type { Figure, Result } from "./summary.ts";
import { figure, table } from "./table.ts";

/** What a single core hashes, in MB/s: no registry on one core can take in more. */
export interface Environment {
  readonly sha256: number;
  readonly cores: number;
  readonly node: string;
}

export function report(results: readonly Result[], environment: Environment): string {
  const failures = results.flatMap(failuresOf);
  return [
    ratios(results),
    costs(results),
    `One core hashes ${figure(environment.sha256)} MB/s (sha256). `,
    `${environment.cores} cores, generator included; Node ${environment.node}.\n`,
    ...failures,
  ].join("\n");
}

function ratios(results: readonly Result[]): string {
  const headings = [
    "operation",
    "unit",
    ...PEER_NAMES,
    "x registry",
    "shall be",
    "x limit",
    "shall be",
    "reached",
  ];
  return table(headings, results.map(ratioCells));
}

function ratioCells({ row, figures, ratio, limitRatio, reached }: Result): readonly string[] {
  return [
    row.title,
    row.unit,
    ...PEER_NAMES.map((name) => rateOf(figures[name])),
    figure(ratio),
    String(row.target),
    figure(limitRatio),
    row.limitTarget === undefined ? "" : String(row.limitTarget),
    reached === undefined ? "-" : reached ? "yes" : "NO",
  ];
}

/** The median, and how far the rounds lie apart in percent of it. */
function rateOf(value: Figure | undefined): string {
  if (value === undefined) return "-";
  if (value.errors > 0) return "failed";
  const spread = Math.round(((value.highest - value.lowest) / value.median) * 100);
  return `${figure(value.median)} (${spread}%)`.padStart(14);
}

function costs(results: readonly Result[]): string {
  const headings = ["operation", "peer", "p50 ms", "p99 ms", "server CPU", "client CPU", "", "client cores"];
  return table(headings, results.flatMap(costRows));
}

function costRows({ row, figures }: Result): readonly (readonly string[])[] {
  return PEER_NAMES.flatMap((name) => {
    const value = figures[name];
    return value === undefined ? [] : [costCells(row, name, value)];
  });
}

function costCells(row: Row, name: PeerName, value: Figure): readonly string[] {
  return [
    row.title,
    name,
    figure(value.p50),
    figure(value.p99),
    figure(value.serverCpu),
    figure(value.clientCpu),
    row.unit === "MB/s" ? "s/GB" : "s/1000",
    figure(value.clientLoad),
  ];
}

function failuresOf({ row, figures }: Result): readonly string[] {
  return PEER_NAMES.flatMap((name) => {
    const value = figures[name];
    if (value === undefined || value.errors === 0) return [];
    return [
      `FAILED: ${row.name} on ${name}, ${value.errors} errors, the last: ${value.lastError ?? "unknown"}`,
    ];
  });
}

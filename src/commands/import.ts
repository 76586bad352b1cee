// stowage import: a storage tree of distribution into this registry's data.
import { hostname } from "node:os";
import { v7 } from "uuid";
import {
  type DistributionImport,
  type Finding,
  type ImportItem,
  importDistribution,
} from "../import-distribution.ts";
import { parseGlob } from "../oci/glob.ts";
import { progressText, summaryLines } from "./import-summary.ts";
import { runInterruptible } from "./interruptible.ts";
import { printLines } from "./print.ts";
import { readConfig } from "./read-config.ts";
import { printable } from "./readable.ts";
import type { StatusLine } from "./status-line.ts";
import { createView, type View } from "./view.ts";
import { CommandEnd, CommandFailure, EXIT, type World } from "./world.ts";

export interface ImportCommandOptions {
  readonly config?: string;
  readonly repository?: readonly string[];
  readonly dryRun?: boolean;
  readonly copy?: boolean;
  readonly verify?: boolean;
  readonly strict?: boolean;
  readonly json?: boolean;
}

/** Ends with a failure when it was interrupted, and with --strict when there were problems. */
export async function importCommand(
  world: World,
  directory: string,
  options: ImportCommandOptions,
): Promise<void> {
  const { config } = readConfig(world, options.config);
  const source = { address: hostname(), instanceId: v7() };
  const dependencies = { now: world.now, newId: () => v7(), source };
  const request = toImport(directory, options);
  await runInterruptible(
    world,
    (signal) => importDistribution(config, dependencies, request, signal),
    (item, status) => tell(world, item, { options, status }),
    "the same command goes on from here",
  );
}

function toImport(directory: string, options: ImportCommandOptions): DistributionImport {
  const { repository, dryRun = false, copy = false, verify = false } = options;
  const globs = repository?.map(readGlob);
  return {
    ...{ directory, dryRun, copy, verify },
    ...(globs !== undefined && { chooses: (name: string) => globs.some((glob) => glob.matches(name)) }),
  };
}

function readGlob(text: string) {
  try {
    return parseGlob(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(`--repository: ${reason}`, { exitCode: EXIT.usage, cause: error });
  }
}

async function tell(
  world: World,
  item: ImportItem,
  { options, status }: { readonly options: ImportCommandOptions; readonly status: StatusLine },
): Promise<void> {
  const { json = false, strict = false, dryRun = false } = options;
  if (item.kind === "progress") return status.show(progressText(item));
  await status.clear();
  if (json) await world.out.write(`${JSON.stringify(toJson(item))}\n`);
  else if (item.kind === "finding")
    await printLines(world.out, [findingLine(createView(world), item.finding)]);
  else await printLines(world.out, summaryLines(item.counts, { dryRun }));
  if (item.kind !== "summary") return;
  if (item.interrupted) throw new CommandFailure("interrupted; the same command goes on from here");
  if (strict && item.counts.problems > 0) throw new CommandEnd(EXIT.failure);
}

function toJson(item: Exclude<ImportItem, { kind: "progress" }>): unknown {
  if (item.kind === "summary") return { summary: { ...item.counts, interrupted: item.interrupted } };
  return { finding: item.finding };
}

function findingLine({ paint }: View, { level, path, reason }: Finding): string {
  const label = level === "problem" ? paint("red", "problem") : paint("dim", "note   ");
  return `${label}  ${printable(path)}: ${printable(reason)}`;
}

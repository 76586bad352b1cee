// Imports a storage tree of distribution into the configured registry's data, which
// no server may have open.
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Config } from "./config/config.ts";
import type { Finding, ImportCounts, ImportItem } from "./maintenance/import/findings.ts";
import { type ImportOptions, importTree } from "./maintenance/import/import-tree.ts";
import { findTree } from "./maintenance/import/tree.ts";
import { dataFolder } from "./stores.ts";
import { openStudy, type StudyDependencies } from "./study.ts";

export type { Finding, ImportCounts, ImportItem };

export interface DistributionImport extends Omit<ImportOptions, "root" | "canLink"> {
  /** The directory that distribution is configured with, or `docker/registry/v2` in it. */
  readonly directory: string;
}

/** Throws an Error with a message for the operator when there is no tree, or the data cannot be opened. */
export async function* importDistribution(
  config: Config,
  dependencies: StudyDependencies,
  { directory, ...options }: DistributionImport,
  signal: AbortSignal,
): AsyncGenerator<ImportItem, void, undefined> {
  const { storage } = config;
  if (storage.kind === "memory")
    throw new Error("the configuration keeps everything in memory, where an import would be lost");
  const root = await findTree(resolve(directory));
  if (root === undefined)
    throw new Error(
      `there is no storage tree of distribution in ${directory}: no docker/registry/v2, and no blobs`,
    );
  const study = await openStudy(config, dependencies);
  try {
    const { adopter } = study.stores;
    if (adopter === undefined) throw new Error("these stores take no files");
    const canLink = await areOnOneFilesystem(root, dataFolder(storage.rootDirectory));
    yield* importTree({ ...study, adopter }, { ...options, root, canLink }, signal);
  } finally {
    await study.close();
  }
}

async function areOnOneFilesystem(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([stat(one), stat(other)]);
  return first.dev === second.dev;
}

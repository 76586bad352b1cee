// A tree to import, and a registry on a disk to import it into.
import assert from "node:assert/strict";
import { join } from "node:path";
import { v7 } from "uuid";
import { openFilesystemStores } from "../../src/blobs/filesystem-stores.ts";
import { Bridge } from "../../src/core/bridge.ts";
import { type CoreContext, type CoreOptions, DEFAULT_CORE_OPTIONS } from "../../src/core/context.ts";
import { type Core, createCore } from "../../src/core/core.ts";
import { DigestHolds } from "../../src/core/holds.ts";
import type { Finding, ImportCounts, ImportItem } from "../../src/maintenance/import/findings.ts";
import { type ImportOptions, importTree } from "../../src/maintenance/import/import-tree.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { openMemoryEngine } from "../../src/metadata/memory-engine.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";
import { SOURCE } from "../core/study.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { findings } from "./checking.ts";
import { DistributionTree } from "./distribution-tree.ts";

/** What an import said. */
export interface ImportResult {
  readonly findings: readonly Finding[];
  readonly counts: ImportCounts;
  readonly interrupted: boolean;
}

export interface ImportBench {
  readonly tree: DistributionTree;
  readonly core: Core;
  readonly context: CoreContext;
  /** The cellar. */
  readonly root: string;
  /** By how much the registry's clock is ahead, in milliseconds. */
  readonly clock: { ahead: number };
  readonly run: (options?: Partial<ImportOptions>, signal?: AbortSignal) => Promise<ImportResult>;
  readonly start: (options?: Partial<ImportOptions>, signal?: AbortSignal) => AsyncGenerator<ImportItem>;
  /** What the tag points to. Undefined: it is not here. */
  readonly digestOfTag: (repository: string, tag: string) => Promise<string | undefined>;
}

export async function withImport(
  run: (bench: ImportBench) => Promise<void>,
  options: Partial<CoreOptions> = {},
): Promise<void> {
  const directory = await makeTemporaryDirectory();
  const root = join(directory, "stowage");
  const tree = new DistributionTree(join(directory, "old"));
  const stores = await openFilesystemStores({ root, now: Date.now });
  const metadata = new Catalogue(await openMemoryEngine());
  const { blobs, uploads, adopter } = stores;
  const clock = { ahead: 0 };
  const time = { now: () => Date.now() + clock.ahead, newId: () => v7() };
  const context: CoreContext = {
    ...{ blobs, uploads, metadata, holds: new DigestHolds(), ...time },
    listener: new Bridge({ ...time, source: SOURCE }),
    options: { ...DEFAULT_CORE_OPTIONS, ...options },
  };
  const core = createCore(context);
  const start: ImportBench["start"] = (chosen, signal) =>
    importTree(
      { core, context, adopter },
      { root: tree.root, dryRun: false, copy: false, verify: false, canLink: true, ...chosen },
      signal,
    );
  try {
    const finish: ImportBench["run"] = async (chosen, signal) => collect(start(chosen, signal));
    await run({ tree, core, context, root, clock, start, run: finish, digestOfTag: digestOfTag(core) });
    // Whatever was imported: holders, counters, and bytes are as if it had been pushed.
    assert.deepEqual(await findings(context), []);
  } finally {
    await adopter.close();
    await uploads.close();
    await blobs.close();
    await metadata.close();
    await removeTemporaryDirectory(directory);
  }
}

const digestOfTag =
  (core: Core): ImportBench["digestOfTag"] =>
  async (repository, tag) => {
    const reference = { kind: "tag", tag: parseTag(tag) } as const;
    const stat = core.manifests.stat(parseRepositoryName(repository), reference, {});
    return stat.then(({ digest }) => digest).catch(() => undefined);
  };

async function collect(items: AsyncIterable<ImportItem>): Promise<ImportResult> {
  const found: Finding[] = [];
  for await (const item of items) {
    if (item.kind === "finding") found.push(item.finding);
    if (item.kind === "summary") return { ...item, findings: found };
  }
  throw new Error("the import ended without a summary");
}

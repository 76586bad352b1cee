// Imports a storage tree of distribution, which its registry may be changing
// meanwhile. Nothing in the tree is changed. What was imported before is not read
// again, so that it can be broken off at any time and done again as often as needed.
import type { BlobAdopter } from "../../blobs/blob-adopter.ts";
import type { CoreContext } from "../../core/context.ts";
import type { Core } from "../../core/core.ts";
import { parseRepositoryName } from "../../oci/reference.ts";
import type { ImportItem } from "./findings.ts";
import { forEach } from "./for-each.ts";
import { readDamaged } from "./here.ts";
import { Rehearsal } from "./rehearsal.ts";
import { RepositoryImport } from "./repository-import.ts";
import { SignedFormReader } from "./signed-form.ts";
import { Tally } from "./tally.ts";
import { listRepositories, reasonOf, type TreeRepository } from "./tree.ts";
import type { Repository } from "./tree-tags.ts";
import { ImportWriter, type Writer } from "./writer.ts";

/** How many repositories are dealt with at once. */
const AT_ONCE = 4;

export interface ImportDependencies {
  readonly core: Core;
  readonly context: CoreContext;
  readonly adopter: BlobAdopter;
}

export interface ImportOptions {
  /** The directory that holds `blobs` and `repositories`; see findTree. */
  readonly root: string;
  /** Whether the repository is to be imported. Absent: all are. */
  readonly chooses?: (repository: string) => boolean;
  /** True: nothing is changed. */
  readonly dryRun: boolean;
  /** True: blobs are copied, even where hard links could be made. */
  readonly copy: boolean;
  /** True: what is here is read again, and replaced where it is wrong. */
  readonly verify: boolean;
  /** Whether the blobs can be hard links of the tree's, as far as can be told beforehand. */
  readonly canLink: boolean;
}

/**
 * Does the import; the last item is the summary. Throws when it cannot go on, as with a full disk. It ends soon after
 * the signal, or after whoever listens has stopped to: what is done by then is kept.
 */
export async function* importTree(
  dependencies: ImportDependencies,
  options: ImportOptions,
  signal?: AbortSignal,
): AsyncGenerator<ImportItem, void, undefined> {
  const ending = new AbortController();
  const either = AbortSignal.any([ending.signal, ...(signal === undefined ? [] : [signal])]);
  const tally = new Tally(dependencies.context.now);
  either.addEventListener("abort", () => void dependencies.adopter.close());
  const work = importRepositories(dependencies, options, { tally, signal: either });
  try {
    let interrupted = false;
    try {
      yield* tally.during(work);
    } catch (error) {
      if (!either.aborted) throw error;
      interrupted = true;
    }
    yield { kind: "summary", counts: tally.snapshot(), interrupted };
  } finally {
    ending.abort();
    await work.catch(() => undefined);
  }
}

async function importRepositories(
  dependencies: ImportDependencies,
  options: ImportOptions,
  { tally, signal }: { readonly tally: Tally; readonly signal: AbortSignal },
): Promise<void> {
  const { root, verify, chooses } = options;
  const { metadata } = dependencies.context;
  const writer = writerFor(dependencies, options, { tally, signal });
  const forms = new SignedFormReader(root, tally.report);
  const damaged = await readDamaged(metadata);
  const common = { root, metadata, writer, forms, tally, signal, verify, damaged };
  await forEach(listRepositories(root, tally.report), AT_ONCE, async (found) => {
    signal.throwIfAborted();
    if (chooses !== undefined && !chooses(found.name)) return;
    const place = checkName(found, tally);
    if (place !== undefined) await new RepositoryImport(place, common).run();
  });
}

function writerFor(
  { core, context, adopter }: ImportDependencies,
  { dryRun, copy, verify, canLink }: ImportOptions,
  { tally, signal }: { readonly tally: Tally; readonly signal: AbortSignal },
): Writer {
  if (dryRun) return new Rehearsal({ metadata: context.metadata, tally, wouldLink: canLink && !copy });
  return new ImportWriter({ core, context, adopter, tally, signal, copy, verify });
}

function checkName({ name, path }: TreeRepository, tally: Tally): Repository | undefined {
  try {
    return { repository: parseRepositoryName(name), path };
  } catch (error) {
    tally.report({ kind: "name", level: "problem", path, reason: reasonOf(error) });
    return undefined;
  }
}

// The parts that the steps of a rebuild share: the catalogue that is being made, the
// cellar it is made from, and how rows of the journal become commits.
import type { BlobStore } from "../../blobs/blob-store.ts";
import { repositoryKey } from "../../metadata/keys.ts";
import type { MetadataStore } from "../../metadata/metadata-store.ts";
import { type Transaction, transact } from "../../metadata/transaction.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import type { JournalRow } from "../journal/journal-overlay.ts";
import type { JournalReader } from "../journal/journal-reader.ts";
import { inTurns } from "../walk.ts";
import type { RebuildItem, RebuildPhase, RebuildTotals } from "./rebuild-items.ts";

export interface RebuildOptions {
  /** The folder that holds metadata and blobs. */
  readonly root: string;
  /** True: a catalogue that can be read is moved aside; it is never deleted. */
  readonly moveAside: boolean;
  /** True: all bytes are hashed. False: sizes are compared, and manifests are hashed. */
  readonly verify: boolean;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  readonly graceMs: number;
  readonly trashAgeMs: number;
  readonly tagHistoryMs: number;
}

export interface Workshop {
  readonly options: RebuildOptions;
  readonly journal: JournalReader;
  readonly metadata: MetadataStore;
  readonly blobs: BlobStore;
  readonly totals: RebuildTotals;
  readonly signal?: AbortSignal | undefined;
  /** When each repository came into being, as far as the journal told by now. */
  readonly births: Map<RepositoryName, number>;
  /** The repositories that are made by now. */
  readonly repositories: Set<RepositoryName>;
}

export type Items = AsyncGenerator<RebuildItem, void, undefined>;

/** Rows per commit. */
const BATCH = 500;

/** One step of a rebuild: of some rows, what is found out about each, and what it means in a commit. */
export interface RebuildStep<Row extends JournalRow, Finding> {
  readonly phase: RebuildPhase;
  readonly accepts: (row: JournalRow) => row is Row;
  /** Looks the row up in the cellar and in what is committed. */
  readonly look: (row: Row) => Promise<Finding>;
  /** Puts it in the commit, and tells what could not be. */
  readonly put: (transaction: Transaction, row: Row, finding: Finding) => RebuildItem | undefined;
}

/** Goes through the journal once. */
export async function* runStep<Row extends JournalRow, Finding>(
  workshop: Workshop,
  step: RebuildStep<Row, Finding>,
): Items {
  let rows: Row[] = [];
  let done = 0;
  for await (const row of workshop.journal.rows()) {
    if (!step.accepts(row)) continue;
    rows.push(row);
    if (rows.length < BATCH) continue;
    yield* commitRows(workshop, step, rows);
    done += rows.length;
    rows = [];
    yield { kind: "progress", phase: step.phase, done };
  }
  yield* commitRows(workshop, step, rows);
  yield { kind: "progress", phase: step.phase, done: done + rows.length };
}

async function* commitRows<Row extends JournalRow, Finding>(
  workshop: Workshop,
  step: RebuildStep<Row, Finding>,
  rows: readonly Row[],
): Items {
  workshop.signal?.throwIfAborted();
  const looked = await inTurns(rows, async (row) => ({ row, finding: await step.look(row) }));
  const items: RebuildItem[] = [];
  // Nobody else writes, so nothing is expected and nothing is tried again.
  await transact(workshop.metadata, async (transaction) => {
    for (const { row, finding } of looked) {
      const item = step.put(transaction, row, finding);
      if (item !== undefined) items.push(item);
    }
  });
  yield* items;
}

/** Makes the repository of something, unless that was done. Empty ones do not come back. */
export function putRepository(
  { births, repositories, totals }: Workshop,
  transaction: Transaction,
  repository: RepositoryName,
  time: number,
): void {
  if (repositories.has(repository)) return;
  repositories.add(repository);
  totals.repositories += 1;
  transaction.put(repositoryKey(repository), { createTime: births.get(repository) ?? time });
}

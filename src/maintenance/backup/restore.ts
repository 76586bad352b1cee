// Brings a snapshot back, offline. Nothing is put in place before the whole file was
// read and found to be as it was written; then it is compared with the cellar, which
// may have lost blobs since, and may have newer ones.
import { join } from "node:path";
import { openFilesystemStores } from "../../blobs/filesystem-stores.ts";
import { JournalFolder } from "../../blobs/journal-folder.ts";
import { Catalogue } from "../../metadata/catalogue.ts";
import { LevelEngine } from "../../metadata/level-engine.ts";
import { boundsIn, leapRow, leapTarget } from "../../metadata/log-leap.ts";
import { RowWriter } from "../../metadata/row-writer.ts";
import { CatalogueSite, stamp } from "../catalogue-site.ts";
import { upgradeCatalogue } from "../upgrade.ts";
import { type BlobUse, compareWithCellar, type Unknown } from "./restore-comparison.ts";
import type { SnapshotHeader } from "./snapshot-format.ts";
import { SnapshotReader } from "./snapshot-reader.ts";

export interface RestoreOptions {
  /** The snapshot. */
  readonly source: AsyncIterable<Uint8Array>;
  /** The folder that holds metadata and blobs. */
  readonly root: string;
  /** True: a catalogue that can be read is moved aside; it is never deleted. */
  readonly moveAside: boolean;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** How long what no manifest names is kept, in milliseconds; for snapshots of an older format. */
  readonly graceMs: number;
}

export type RestoreItem =
  | { readonly kind: "header"; readonly header: SnapshotHeader }
  | {
      readonly kind: "progress";
      readonly phase: "reading" | "comparing";
      /** Rows that were read, or blobs that were compared. */
      readonly done: number;
      /** Of the file. */
      readonly bytes: number;
    }
  /** From here on the snapshot is the catalogue. */
  | { readonly kind: "restored"; readonly rows: number; readonly movedTo?: string; readonly journal?: string }
  /** A blob that the catalogue tells of and the cellar does not have, or not in its size. */
  | ({ readonly kind: "missing" } & BlobUse)
  | {
      readonly kind: "finished";
      readonly rows: number;
      readonly blobs: number;
      readonly missing: number;
      /** Bytes in the cellar that the snapshot does not know: pushed later, or left over. */
      readonly unknown: Unknown;
    };

/** Throws SnapshotRefused, CatalogueInPlace, CatalogueInUse; then the catalogue is as it was. */
export async function* runRestore(
  options: RestoreOptions,
  signal?: AbortSignal,
): AsyncGenerator<RestoreItem, void, undefined> {
  const { root, now } = options;
  const reader = await SnapshotReader.open(options.source);
  yield { kind: "header", header: reader.header };
  const site = await CatalogueSite.choose({ ...options, work: "restoring" });
  const rows = yield* writeRows(reader, site, options, signal);
  const movedTo = await site.finish();
  // It tells of what came after the snapshot: no new checkpoint may take its place.
  const journal = await new JournalFolder(root).moveAside(`before-restore-${stamp(now())}`);
  yield {
    kind: "restored",
    rows,
    ...(movedTo !== undefined && { movedTo }),
    ...(journal !== undefined && { journal }),
  };
  yield* compare(options, rows, reader.offset, signal);
}

export const Restore = { run: runRestore } as const;

async function* writeRows(
  reader: SnapshotReader,
  { work }: CatalogueSite,
  { root, now }: RestoreOptions,
  signal?: AbortSignal,
): AsyncGenerator<RestoreItem, number, undefined> {
  const writer = await RowWriter.begin(work);
  try {
    const given = await givenOut(root);
    const { lastSequence } = reader.header;
    const by = leapTarget({ now: now(), known: Math.max(lastSequence, given) }) - lastSequence;
    const bounds = { last: 0, trimmed: 0 };
    let done = 0;
    for await (const rows of reader.rows()) {
      signal?.throwIfAborted();
      for (const row of rows) Object.assign(bounds, boundsIn(row));
      await writer.write(rows.map((row) => leapRow(row, by)));
      done += rows.length;
      yield { kind: "progress", phase: "reading", done, bytes: reader.offset };
    }
    await writer.setLog({ last: bounds.last + by, trimmed: bounds.trimmed + by });
    return done;
  } finally {
    await writer.close();
  }
}

/** A sequence that was given out for certain, as the journal's names tell; there may be higher ones. */
async function givenOut(root: string): Promise<number> {
  return (await new JournalFolder(root).list()).at(-1)?.sequence ?? 0;
}

async function* compare(
  { root, now, graceMs }: RestoreOptions,
  rows: number,
  bytes: number,
  signal?: AbortSignal,
): AsyncGenerator<RestoreItem, void, undefined> {
  const metadata = new Catalogue(await LevelEngine.open(join(root, "metadata")));
  try {
    const { blobs, uploads } = await openFilesystemStores({ root, now });
    try {
      const quiet = () => {};
      await upgradeCatalogue({ metadata, blobs, now, graceMs, tell: quiet, warn: quiet });
      let missing = 0;
      for await (const item of compareWithCellar(metadata, blobs, signal)) {
        if (item.kind === "missing") missing++;
        if (item.kind !== "compared") yield item.kind === "progress" ? { ...item, bytes } : item;
        else yield { kind: "finished", rows, blobs: item.blobs, missing, unknown: item.unknown };
      }
    } finally {
      await uploads.close();
      await blobs.close();
    }
  } finally {
    await metadata.close();
  }
}

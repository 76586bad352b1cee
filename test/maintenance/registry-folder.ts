// A registry's folder with the real engine and the real cellar, opened and closed as
// often as a test likes.
import assert from "node:assert/strict";
import { join } from "node:path";
import { v7 } from "uuid";
import { openFilesystemStores } from "../../src/blobs/filesystem-stores.ts";
import { Bridge } from "../../src/core/bridge.ts";
import { type CoreContext, type CoreOptions, DEFAULT_CORE_OPTIONS } from "../../src/core/context.ts";
import { type Core, createCore } from "../../src/core/core.ts";
import { DigestHolds } from "../../src/core/holds.ts";
import { Fsck } from "../../src/maintenance/fsck/fsck.ts";
import { CellarJournal } from "../../src/maintenance/journal/journal.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import type { MetadataStore } from "../../src/metadata/metadata-store.ts";
import { SOURCE } from "../core/study.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

export interface OpenRegistry {
  readonly core: Core;
  readonly context: CoreContext;
  readonly journal?: CellarJournal;
}

export interface FolderOptions {
  readonly root: string;
  /** True: a journal is kept. */
  readonly journal?: boolean;
  readonly minChangesBytes?: number;
  readonly core?: Partial<CoreOptions>;
}

/** What the journal reported; a test that expects nothing looks here. */
export const reports: string[] = [];

/** Opens the folder's stores, and closes them when the work is done. */
export async function withRegistry<T>(
  { root, journal: keepsJournal = false, minChangesBytes, core: options = {} }: FolderOptions,
  work: (registry: OpenRegistry) => Promise<T>,
): Promise<T> {
  const now = () => Date.now();
  const newId = () => v7();
  const metadata = new Catalogue(await LevelEngine.open(join(root, "metadata")));
  try {
    const { blobs, uploads } = await openFilesystemStores({ root, now });
    const report = (message: string, facts: object) => reports.push(`${message} ${JSON.stringify(facts)}`);
    const size = minChangesBytes === undefined ? {} : { minChangesBytes };
    const journal = keepsJournal
      ? await CellarJournal.open({ folder: root, metadata, now, report, ...size })
      : undefined;
    journal?.begin();
    const context: CoreContext = {
      blobs,
      uploads,
      metadata,
      holds: new DigestHolds(),
      now,
      newId,
      listener: new Bridge({ now, newId, source: SOURCE }),
      options: { ...DEFAULT_CORE_OPTIONS, deleteEnabled: true, ...options },
    };
    try {
      return await work({ core: createCore(context), context, ...(journal !== undefined && { journal }) });
    } finally {
      await journal?.close();
      await uploads.close();
      await blobs.close();
    }
  } finally {
    await metadata.close();
  }
}

/** Runs the test in a folder of its own. */
export async function inFolder(work: (root: string) => Promise<void>): Promise<void> {
  const root = await makeTemporaryDirectory();
  reports.length = 0;
  try {
    await work(root);
  } finally {
    await removeTemporaryDirectory(root);
  }
}

/** Everything that is written, by key; JSON records as text. */
export async function rowsOf(metadata: MetadataStore): Promise<ReadonlyMap<string, string>> {
  await using snapshot = await metadata.snapshot();
  const found = new Map<string, string>();
  for (let after: string | undefined; ; ) {
    const rows = await snapshot.rows({ limit: 1000, ...(after !== undefined && { after }) });
    for (const { key, value } of rows) found.set(key, Buffer.from(value).toString("latin1"));
    after = rows.at(-1)?.key;
    if (after === undefined) return found;
  }
}

/** Fails with all that fsck finds. */
export async function expectClean({ context }: OpenRegistry, except: readonly string[] = []): Promise<void> {
  const found: string[] = [];
  for await (const item of new Fsck(context).run({ repair: false, cellar: true, graceMs: 0 }))
    if (item.kind === "finding" && !except.includes(item.what)) found.push(JSON.stringify(item));
  assert.deepEqual(found, []);
}

// Makes the catalogue again from the cellar alone, offline: the journal says which
// repositories there were, and which blobs, manifests and tags were theirs; the bytes
// say the rest. It is built beside the place of the catalogue and put there when it is
// whole; an interrupted rebuild leaves all as it was, and begins anew.
import { openFilesystemStores } from "../../blobs/filesystem-stores.ts";
import { Catalogue } from "../../metadata/catalogue.ts";
import { blobKey } from "../../metadata/keys.ts";
import { LevelEngine } from "../../metadata/level-engine.ts";
import { leapTarget } from "../../metadata/log-leap.ts";
import { RowWriter } from "../../metadata/row-writer.ts";
import { MAX_MANIFEST_SIZE } from "../../oci/manifest.ts";
import { CatalogueSite } from "../catalogue-site.ts";
import { describeManifests } from "../describing.ts";
import { JournalReader } from "../journal/journal-reader.ts";
import { Rewriting } from "../rewriting.ts";
import { rewriteUsage } from "../usage-rows.ts";
import { NO_TOTALS } from "./rebuild-items.ts";
import { findNamed, linkStep } from "./rebuild-links.ts";
import { manifestStep, readManifest } from "./rebuild-manifests.ts";
import { tagStep, untaggedStep } from "./rebuild-tags.ts";
import { type Items, type RebuildOptions, runStep, type Workshop } from "./rebuild-workshop.ts";

/** So many manifests that nobody claims are named; all are counted. */
const MOST_NAMED = 1000;

/** How many files of the cellar are looked at between two reports. */
const STEP = 5000;

/** Throws CatalogueInPlace and CatalogueInUse. */
export async function* runRebuild(options: RebuildOptions, signal?: AbortSignal): Items {
  const site = await CatalogueSite.choose({ ...options, work: "rebuilding" });
  const journal = await JournalReader.open(options.root);
  await beginCatalogue(site.work, leapTarget({ now: options.now(), known: journal.lastSequence }));
  const totals = { ...NO_TOTALS };
  const metadata = new Catalogue(await LevelEngine.open(site.work));
  try {
    const { blobs, uploads } = await openFilesystemStores(options);
    try {
      const parts = { options, journal, metadata, blobs, totals, signal };
      yield* fill({ ...parts, births: new Map(), repositories: new Set() });
    } finally {
      await uploads.close();
      await blobs.close();
    }
  } finally {
    await metadata.close();
  }
  const movedTo = await site.finish();
  yield { kind: "finished", totals, ...(movedTo !== undefined && { movedTo }) };
}

export const Rebuild = { run: runRebuild } as const;

/** An empty catalogue whose log goes on where no cursor from before points to. */
async function beginCatalogue(location: string, sequence: number): Promise<void> {
  const writer = await RowWriter.begin(location);
  try {
    await writer.setLog({ last: sequence, trimmed: sequence });
  } finally {
    await writer.close();
  }
}

async function* fill(workshop: Workshop): Items {
  yield* runStep(workshop, manifestStep(workshop));
  yield* runStep(workshop, linkStep(workshop));
  await findNamed(workshop);
  await describeManifests(new Rewriting({ ...workshop, tell: () => {} }));
  yield* runStep(workshop, tagStep(workshop));
  yield* runStep(workshop, untaggedStep(workshop));
  yield { kind: "progress", phase: "usage", done: await rewriteUsage(workshop.metadata, workshop.signal) };
  for (const problem of workshop.journal.problems) yield { kind: "journal-problem", problem };
  yield* lookForUnclaimed(workshop);
}

async function* lookForUnclaimed(workshop: Workshop): Items {
  const { metadata, blobs, totals, signal } = workshop;
  let done = 0;
  for await (const { digest, size } of blobs.list()) {
    signal?.throwIfAborted();
    if (++done % STEP === 0) yield { kind: "progress", phase: "cellar", done };
    if ((await metadata.get(blobKey(digest))) !== undefined) continue;
    totals.unclaimedBlobs += 1;
    totals.unclaimedBytes += size;
    if (size > MAX_MANIFEST_SIZE) continue;
    const read = await readManifest(workshop, digest, { mediaType: "" });
    if (typeof read === "string") continue;
    totals.unclaimedManifests += 1;
    if (totals.unclaimedManifests <= MOST_NAMED)
      yield { kind: "unclaimed-manifest", digest, mediaType: read.parsed.mediaType };
  }
  yield { kind: "progress", phase: "cellar", done };
}

// Rebuilding manifests, live and in the trash: the journal says that they were there,
// their bytes say all else.
import { INLINE_LIMIT } from "../../core/manifest-content.ts";
import { addManifestHolders, NOTHING } from "../../core/references.ts";
import { dueKey } from "../../metadata/due.ts";
import { trashKey } from "../../metadata/keeping-keys.ts";
import { blobKey, contentKey, manifestCountKey, manifestKey, referrerKey } from "../../metadata/keys.ts";
import type { ManifestRecord } from "../../metadata/records.ts";
import type { Transaction } from "../../metadata/transaction.ts";
import type { Digest } from "../../oci/digest.ts";
import type { ParsedManifest } from "../../oci/manifest.ts";
import type { ManifestFact, RepositoryFact, TrashFact } from "../journal/journal-facts.ts";
import type { JournalRow } from "../journal/journal-overlay.ts";
import { inspectManifest, namedBy } from "../stored-manifest.ts";
import type { RebuildItem } from "./rebuild-items.ts";
import { putRepository, type RebuildStep, type Workshop } from "./rebuild-workshop.ts";

export interface ReadManifest {
  readonly content: Uint8Array;
  readonly parsed: ParsedManifest;
  readonly named: readonly Digest[];
}

type Row = RepositoryFact | ManifestFact | TrashFact;

/** What was read, or why that was not possible. */
type Finding = ReadManifest | string;

export function manifestStep(workshop: Workshop): RebuildStep<Row, Finding> {
  return {
    phase: "manifests",
    accepts: (row: JournalRow): row is Row =>
      row.kind === "repository" || row.kind === "manifest" || row.kind === "trash",
    look: async (row) => {
      if (row.kind === "repository") return "";
      const { mediaType, signed } = row.kind === "trash" ? row.card.manifest : row;
      return readManifest(workshop, row.digest, { mediaType, ...(signed !== undefined && { signed }) });
    },
    put: (transaction, row, finding) => putRow(workshop, transaction, row, finding),
  };
}

/** Reads the manifest's bytes in the cellar. A text says why they are no good. */
export async function readManifest(
  { metadata, blobs }: Workshop,
  digest: Digest,
  card: Pick<ManifestRecord, "mediaType" | "signed">,
): Promise<Finding> {
  const stored = await inspectManifest(metadata, blobs, digest, card.mediaType);
  const named = namedBy(stored, card);
  const { content, parsed, problem } = stored;
  if (content === undefined || parsed === undefined || named === undefined)
    return problem ?? "it cannot be read";
  return { content, parsed, named };
}

function putRow(
  workshop: Workshop,
  transaction: Transaction,
  row: Row,
  finding: Finding,
): RebuildItem | undefined {
  const { repository } = row;
  if (row.kind === "repository") {
    workshop.births.set(repository, row.time);
    return undefined;
  }
  if (row.kind === "trash") {
    // What cannot be brought back, or no longer, is not missed.
    if (typeof finding !== "string") putTrash(workshop, transaction, row, finding);
    return undefined;
  }
  if (typeof finding !== "string") {
    putManifest(workshop, transaction, row, finding);
    return undefined;
  }
  workshop.totals.lostManifests += 1;
  return { kind: "manifest-lost", repository, digest: row.digest, reason: finding };
}

/** The live card, its place among the referrers, and all it holds. */
export function putManifest(
  workshop: Workshop,
  transaction: Transaction,
  { repository, digest, mediaType, time, pushTime, signed }: Omit<ManifestFact, "s" | "size">,
  read: ReadManifest,
): void {
  const size = read.content.length;
  const { subject, artifactType, annotations } = read.parsed;
  const kind = artifactType === undefined ? {} : { artifactType };
  putRepository(workshop, transaction, repository, time);
  transaction.put(manifestKey(repository, digest), {
    mediaType,
    size,
    createTime: time,
    ...(pushTime !== undefined && { pushTime }),
    revision: 1,
    ...(subject !== undefined && { subject }),
    ...kind,
    ...(signed !== undefined && { signed }),
  });
  transaction.add(manifestCountKey(repository), 1);
  putBytes(transaction, digest, read, time);
  addManifestHolders(transaction, { repository, digest }, read.named);
  workshop.totals.manifests += 1;
  if (subject === undefined) return;
  const referrer = { mediaType, size, ...kind, ...(annotations !== undefined && { annotations }) };
  transaction.put(referrerKey(repository, subject, digest), referrer);
}

function putTrash(
  workshop: Workshop,
  transaction: Transaction,
  { repository, digest, card }: TrashFact,
  read: ReadManifest,
): void {
  const { now, trashAgeMs } = workshop.options;
  const time = card.deleteTime + trashAgeMs;
  if (time <= now()) return;
  putRepository(workshop, transaction, repository, card.manifest.createTime);
  transaction.put(trashKey(repository, digest), card);
  putBytes(transaction, digest, read, card.manifest.createTime);
  addManifestHolders(transaction, { repository, digest }, read.named);
  transaction.put(dueKey({ time, what: { kind: "trash", repository, digest } }), NOTHING);
  workshop.totals.trash += 1;
}

function putBytes(
  transaction: Transaction,
  digest: Digest,
  { content }: ReadManifest,
  createTime: number,
): void {
  transaction.put(blobKey(digest), { size: content.length, createTime });
  if (content.length <= INLINE_LIMIT) transaction.put(contentKey(digest), content);
}

// What checks and purges find, and the backup, as protobuf.
import { create } from "@bufbuild/protobuf";
import {
  FsckFindingSchema,
  FsckProgressSchema,
  FsckSummarySchema,
  PurgedUploadSchema,
  ScrubFindingSchema,
  type ScrubProgress,
  ScrubProgressSchema,
  SnapshotHeaderSchema,
  type UploadPurgeTotals as UploadPurgeTotalsMessage,
  UploadPurgeTotalsSchema,
} from "../gen/stowage/v1/maintenance_pb.ts";
import type {
  PurgeUploadsResponse,
  RunFsckResponse,
  RunScrubResponse,
  TakeSnapshotResponse,
} from "../gen/stowage/v1/maintenance_service_pb.ts";
import type { SnapshotPart } from "../maintenance/backup/snapshot.ts";
import type { Finding, FsckItem, Progress } from "../maintenance/fsck/fsck.ts";
import type { DamagedBlob, ScrubItem } from "../maintenance/scrub.ts";
import type { UploadPurgeStep, UploadPurgeTotals } from "../maintenance/uploads/upload-purge-runs.ts";
import { timeMessage } from "./convert.ts";

/** With the sum at the end. */
export async function* scrubParts(items: AsyncIterable<ScrubItem>): AsyncGenerator<RunScrubResponse["item"]> {
  let last = { blobs: 0, bytes: 0, damaged: 0 };
  for await (const item of items) {
    if (item.kind === "damaged") {
      yield { case: "finding", value: scrubFindingMessage(item) };
    } else {
      last = { blobs: item.done, bytes: item.bytes, damaged: item.damaged };
      yield { case: "progress", value: scrubProgressMessage(last) };
    }
  }
  yield { case: "finished", value: scrubProgressMessage(last) };
}

function scrubFindingMessage({ digest, size, reason: message, repositories, repaired }: DamagedBlob) {
  const place = { digest, size: BigInt(size), repositories: [...repositories] };
  return create(ScrubFindingSchema, { ...place, message, repaired });
}

export function scrubProgressMessage(counts: {
  readonly blobs: number;
  readonly bytes: number;
  readonly damaged: number;
}): ScrubProgress {
  const { blobs, bytes, damaged } = counts;
  return create(ScrubProgressSchema, {
    blobs: BigInt(blobs),
    bytes: BigInt(bytes),
    damaged: BigInt(damaged),
  });
}

/** With the sum at the end. */
export async function* fsckParts(items: AsyncIterable<FsckItem>): AsyncGenerator<RunFsckResponse["item"]> {
  let findings = 0;
  let repaired = 0;
  for await (const item of items) {
    if (item.kind === "progress") {
      yield { case: "progress", value: fsckProgressMessage(item) };
    } else {
      findings += 1;
      if (item.repaired) repaired += 1;
      yield { case: "finding", value: fsckFindingMessage(item) };
    }
  }
  const counts = { findings: BigInt(findings), repaired: BigInt(repaired) };
  yield { case: "finished", value: create(FsckSummarySchema, counts) };
}

function fsckFindingMessage({ what: kind, detail: message, repaired, ...place }: Finding) {
  const { repository = "", digest = "", tag = "" } = place;
  return create(FsckFindingSchema, { kind, message, repository, digest, tag, repaired });
}

function fsckProgressMessage({ phase, done, total }: Progress) {
  const counts = { done: BigInt(done), ...(total !== undefined && { total: BigInt(total) }) };
  return create(FsckProgressSchema, { phase, ...counts });
}

export function uploadPurgePart(item: UploadPurgeStep): PurgeUploadsResponse["item"] {
  if ("totals" in item) return { case: item.kind, value: uploadPurgeTotalsMessage(item.totals) };
  const { id, size, lastActivityTime } = item;
  const value = create(PurgedUploadSchema, {
    ...(item.kind === "upload" && { repository: item.repository, createTime: timeMessage(item.createTime) }),
    uploadId: id,
    size: BigInt(size),
    lastActivityTime: timeMessage(lastActivityTime),
  });
  return { case: "upload", value };
}

export function uploadPurgeTotalsMessage(totals: UploadPurgeTotals): UploadPurgeTotalsMessage {
  const { examined, purged, bytes } = totals;
  return create(UploadPurgeTotalsSchema, {
    examined: BigInt(examined),
    purged: BigInt(purged),
    bytes: BigInt(bytes),
  });
}

/** The most bytes of a backup in one message: any client can take it. */
const MAX_CHUNK = 256 * 1024;

export function* snapshotParts(part: SnapshotPart): Generator<TakeSnapshotResponse["part"]> {
  if (part.kind === "header") {
    const { createTime, sequence, format, withSecrets } = part;
    const header = { createTime: timeMessage(createTime), cursor: String(sequence), format, withSecrets };
    yield { case: "header", value: create(SnapshotHeaderSchema, header) };
    return;
  }
  // Protobuf's bytes are typed as backed by an ArrayBuffer, which every chunk of ours is.
  const bytes = part.bytes as Uint8Array<ArrayBuffer>;
  for (let start = 0; start < bytes.length; start += MAX_CHUNK)
    yield { case: "chunk", value: bytes.subarray(start, start + MAX_CHUNK) };
}

// How the registry's house stands, as protobuf.
import { create } from "@bufbuild/protobuf";
import {
  BlobDescriptorCacheSchema,
  CollectionStatusSchema,
  type MaintenanceStatus as MaintenanceStatusMessage,
  MaintenanceStatusSchema,
  RetentionRunSchema,
  ScrubStatusSchema,
  UploadPurgeRunSchema,
} from "../gen/stowage/v1/maintenance_pb.ts";
import { collectionTotalsMessage } from "./collection-message.ts";
import { timeMessage } from "./convert.ts";
import type { MaintenanceStatus } from "./maintenance-parts.ts";
import { scrubProgressMessage, uploadPurgeTotalsMessage } from "./upkeep-message.ts";

/** A member of the status that is there. */
type Part<Name extends keyof MaintenanceStatus> = NonNullable<MaintenanceStatus[Name]>;

export function statusMessage(status: MaintenanceStatus): MaintenanceStatusMessage {
  const { readOnly, format, deletedManifests, scrub, isScrubbing } = status;
  const { retention, uploadPurge, blobDescriptorCache: cache } = status;
  return create(MaintenanceStatusSchema, {
    readOnly,
    format,
    deletedManifests: BigInt(deletedManifests),
    collection: collectionMessage(status),
    ...((scrub !== undefined || isScrubbing) && { scrub: scrubMessage(scrub, isScrubbing) }),
    ...(retention !== undefined && { retention: retentionMessage(retention) }),
    ...(uploadPurge !== undefined && { uploadPurge: purgeMessage(uploadPurge) }),
    ...(cache !== undefined && { blobDescriptorCache: cacheMessage(cache) }),
  });
}

function collectionMessage({ dueNow, dueLater, collector }: MaintenanceStatus) {
  const { running, lastEndTime, totals } = collector;
  return create(CollectionStatusSchema, {
    dueNow: BigInt(dueNow),
    dueLater: BigInt(dueLater),
    running,
    ...(lastEndTime !== undefined && { lastEndTime: timeMessage(lastEndTime) }),
    totals: collectionTotalsMessage(totals),
  });
}

function scrubMessage(scrub: MaintenanceStatus["scrub"], running: boolean) {
  if (scrub === undefined) return create(ScrubStatusSchema, { running, progress: {} });
  const { startTime, endTime, after } = scrub;
  return create(ScrubStatusSchema, {
    running,
    startTime: timeMessage(startTime),
    ...(endTime !== undefined && { endTime: timeMessage(endTime) }),
    progress: scrubProgressMessage(scrub),
    lastDigest: after ?? "",
  });
}

function retentionMessage({ startTime, endTime, tags, manifests }: Part<"retention">) {
  return create(RetentionRunSchema, {
    startTime: timeMessage(startTime),
    endTime: timeMessage(endTime),
    deletedTags: BigInt(tags),
    deletedManifests: BigInt(manifests),
  });
}

function purgeMessage({ endTime, totals }: Part<"uploadPurge">) {
  return create(UploadPurgeRunSchema, {
    endTime: timeMessage(endTime),
    totals: uploadPurgeTotalsMessage(totals),
  });
}

function cacheMessage({ hits, misses, entries }: Part<"blobDescriptorCache">) {
  const counts = { hits: BigInt(hits), misses: BigInt(misses), entries: BigInt(entries) };
  return create(BlobDescriptorCacheSchema, counts);
}

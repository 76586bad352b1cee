// What the catalogue itself tells of its upkeep: what waits, and how the last jobs
// went. Counts are bounded: whoever watches asks often.
import { FORMAT } from "../metadata/format.ts";
import { due, retentionRunKey, scrubKey, timeText, trash } from "../metadata/keeping-keys.ts";
import type { RetentionRunRecord, ScrubRecord } from "../metadata/keeping-records.ts";
import type { Prefix } from "../metadata/keys.ts";
import type { DescriptorCacheStatistics, MetadataStore } from "../metadata/metadata-store.ts";

/** Times in milliseconds since 1970. */
export interface CatalogueStatus {
  readonly format: string;
  /** Entries of the list of what is due, each up to MAX_COUNT. */
  readonly dueNow: number;
  readonly dueLater: number;
  /** Up to MAX_COUNT. */
  readonly deletedManifests: number;
  /** Absent: never. */
  readonly retention?: RetentionRunRecord;
  /** Absent: never. */
  readonly scrub?: ScrubRecord;
  /** Absent: there is no cache. */
  readonly blobDescriptorCache?: DescriptorCacheStatistics;
}

/** So far is counted. */
export const MAX_COUNT = 10_000;

export async function readCatalogueStatus(metadata: MetadataStore, now: number): Promise<CatalogueStatus> {
  const [dueNow, dueLater, deletedManifests, retention, scrub] = await Promise.all([
    countDue(metadata, now),
    count(metadata, due, afterTime(now)),
    count(metadata, trash),
    metadata.get(retentionRunKey),
    metadata.get(scrubKey),
  ]);
  const cache = metadata.descriptorCache();
  return {
    format: FORMAT,
    dueNow,
    dueLater,
    deletedManifests,
    ...(retention !== undefined && { retention }),
    ...(scrub !== undefined && { scrub }),
    ...(cache !== undefined && { blobDescriptorCache: cache }),
  };
}

/** Entries are named "<time>\0…", and the first to come are first. */
async function countDue(metadata: MetadataStore, now: number): Promise<number> {
  const entries = await metadata.page(due, { limit: MAX_COUNT, namesOnly: true });
  const after = afterTime(now);
  const end = entries.findIndex(({ name }) => name > after);
  return end < 0 ? entries.length : end;
}

async function count(metadata: MetadataStore, prefix: Prefix<unknown>, after?: string): Promise<number> {
  const start = after === undefined ? {} : { after };
  return (await metadata.page(prefix, { limit: MAX_COUNT, namesOnly: true, ...start })).length;
}

/** Sorts behind all entries of that time. */
function afterTime(time: number): string {
  return `${timeText(time)}\x01`;
}

// What the catalogue tells at a scrape: counters and sums that it keeps, and pages of
// bounded length where it keeps none. Nothing walks over repositories or tags.
import { consumerCountKey, consumers, uploads } from "../metadata/keys.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import { storedKey, usageBelowKey } from "../metadata/usage-keys.ts";
import { NO_USAGE } from "../metadata/usage-record.ts";
import { type Reading, reading } from "../telemetry/metrics.ts";
import { METRICS } from "./metric-table.ts";

/** So far is counted where there is no counter. */
export const MOST_COUNTED = 10_000;

/** So many records are read at once. */
const BATCH = 1000;

/** Of links and blob records; nothing where they are not kept in memory. */
export function cacheReadings(metadata: MetadataStore): readonly Reading[] {
  const cache = metadata.descriptorCache();
  if (cache === undefined) return [];
  return [
    reading(METRICS.cacheRequests, {}, cache.hits + cache.misses),
    reading(METRICS.cacheHits, {}, cache.hits),
    reading(METRICS.cacheErrors, {}, 0),
  ];
}

export async function usageReadings(metadata: MetadataStore): Promise<readonly Reading[]> {
  const [usage = NO_USAGE, stored = { blobs: 0, bytes: 0 }] = await Promise.all([
    metadata.get(usageBelowKey("")),
    metadata.get(storedKey),
  ]);
  return [
    reading(METRICS.repositories, {}, usage.repositories),
    reading(METRICS.manifests, {}, usage.manifests),
    reading(METRICS.tags, {}, usage.tags),
    reading(METRICS.trashedManifests, {}, usage.trashed),
    reading(METRICS.logicalBytes, {}, usage.logicalBytes),
    reading(METRICS.repositoryBytes, {}, usage.bytes),
    reading(METRICS.storedBytes, {}, stored.bytes),
    reading(METRICS.storedBlobs, {}, stored.blobs),
  ];
}

/** Sessions are named by ids of version 7, the oldest first. */
export async function uploadReadings(metadata: MetadataStore, now: number): Promise<readonly Reading[]> {
  const [open, [oldest]] = await Promise.all([
    metadata.page(uploads, { limit: MOST_COUNTED, namesOnly: true }),
    metadata.page(uploads, { limit: 1 }),
  ]);
  const since = oldest?.record?.createTime ?? now;
  return [
    reading(METRICS.uploadSessions, {}, open.length),
    reading(METRICS.oldestUpload, {}, Math.max(now - since, 0) / 1000),
  ];
}

export async function eventReadings(
  metadata: MetadataStore,
  { subscribers }: { readonly subscribers: number },
): Promise<readonly Reading[]> {
  const last = metadata.lastSequence();
  const trimmed = metadata.trimmedSequence();
  const known = (await metadata.get(consumerCountKey)) ?? 0;
  const lag = known === 0 ? 0 : await largestLag(metadata);
  return [
    reading(METRICS.lastEvent, {}, last),
    reading(METRICS.eventsRetained, {}, last - trimmed),
    reading(METRICS.eventSubscribers, {}, subscribers),
    reading(METRICS.eventConsumers, {}, known),
    reading(METRICS.consumerLag, {}, lag),
  ];
}

/** There are at most 10,000 consumers (core/consumers.ts). */
async function largestLag(metadata: MetadataStore): Promise<number> {
  const last = metadata.lastSequence();
  const trimmed = metadata.trimmedSequence();
  let lag = 0;
  let after: string | undefined;
  for (let looked = 0; looked < MOST_COUNTED; looked += BATCH) {
    const start = after === undefined ? {} : { after };
    const page = await metadata.page(consumers, { limit: BATCH, ...start });
    for (const { record } of page)
      if (record !== undefined) lag = Math.max(lag, last - Math.max(record.sequence, trimmed));
    after = page.at(-1)?.name;
    if (page.length < BATCH) break;
  }
  return lag;
}

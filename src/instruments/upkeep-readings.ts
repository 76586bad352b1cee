// What garbage collection and scrubbing tell at a scrape.
import type { CollectorStatus } from "../maintenance/collector/collector.ts";
import { dueEntryOf } from "../metadata/due.ts";
import { due, scrubKey } from "../metadata/keeping-keys.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import { type Reading, reading } from "../telemetry/metrics.ts";
import { MOST_COUNTED } from "./catalogue-readings.ts";
import { METRICS } from "./metric-table.ts";

/** So many names are read at once. */
const BATCH = 1000;

export function collectorReadings({ running, lastEndTime, totals }: CollectorStatus): readonly Reading[] {
  const removed = {
    manifest: totals.manifests,
    link: totals.links,
    blob: totals.blobs,
    tag_change: totals.tagChanges,
    repository: totals.repositories,
  };
  return [
    ...Object.entries(removed).map(([kind, count]) => reading(METRICS.collected, { kind }, count)),
    reading(METRICS.collectedBytes, {}, totals.bytes),
    reading(METRICS.collecting, {}, running ? 1 : 0),
    ...(lastEndTime === undefined ? [] : [reading(METRICS.collectionEnd, {}, lastEndTime / 1000)]),
  ];
}

export async function dueReadings(metadata: MetadataStore, now: number): Promise<readonly Reading[]> {
  return [reading(METRICS.due, {}, await countDue(metadata, now))];
}

/** What is due first comes first, so that nothing is read behind it. */
async function countDue(metadata: MetadataStore, now: number): Promise<number> {
  let counted = 0;
  let after: string | undefined;
  while (counted < MOST_COUNTED) {
    const start = after === undefined ? {} : { after };
    const page = await metadata.page(due, { limit: BATCH, namesOnly: true, ...start });
    const later = page.findIndex(({ name }) => dueEntryOf(name).time > now);
    if (later >= 0) return counted + later;
    counted += page.length;
    after = page.at(-1)?.name;
    if (page.length < BATCH) break;
  }
  return counted;
}

export async function scrubReadings(metadata: MetadataStore): Promise<readonly Reading[]> {
  const scrub = await metadata.get(scrubKey);
  return [reading(METRICS.damagedBlobs, {}, scrub?.damaged ?? 0)];
}

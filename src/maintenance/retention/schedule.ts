// When retention is to be applied next. What it remembers is in the catalogue, so
// a restart neither forgets a run nor repeats one.
import { retentionRunKey } from "../../metadata/keeping-keys.ts";
import type { MetadataStore } from "../../metadata/metadata-store.ts";

/** In milliseconds since 1970; not after now: it is due. It never was applied: it is due. */
export async function nextRetentionTime(
  metadata: MetadataStore,
  { now, intervalMs }: { readonly now: number; readonly intervalMs: number },
): Promise<number> {
  const last = await metadata.get(retentionRunKey);
  // A clock that was set back must not put it off for years.
  return last === undefined ? now : Math.min(last.startTime, now) + intervalMs;
}

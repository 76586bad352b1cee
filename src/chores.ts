// What the registry does by itself now and then: the jobs of upkeep.ts, when the
// configuration says, with what they did in the log.
import type { Config } from "./config/config.ts";
import { Chore, everySo } from "./maintenance/chore.ts";
import { nextRetentionTime } from "./maintenance/retention/schedule.ts";
import { scrubKey } from "./metadata/keeping-keys.ts";
import type { MetadataStore } from "./metadata/metadata-store.ts";
import type { Logger } from "./telemetry/logger.ts";
import type { Upkeep } from "./upkeep.ts";

/** How often jobs look whether their time has come, at most, in milliseconds. */
const LOOK_MS = 60_000;

interface ChoreParts {
  readonly upkeep: Upkeep;
  readonly metadata: MetadataStore;
  readonly logger: Logger;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
}

/** Begins them all. Returns how to end them; that resolves when nothing of them runs any more. */
export function beginChores(config: Config, parts: ChoreParts): () => Promise<void> {
  // Who only reads is not to find less with time.
  if (config.readOnly) return async () => undefined;
  const chores = [
    ...(config.gc.enabled ? [collecting(config, parts)] : []),
    ...(config.uploadPurging.enabled ? [purgingUploads(config, parts)] : []),
    ...(config.retention.intervalMs === undefined ? [] : [retaining(config, parts)]),
    ...(config.scrub.enabled ? [scrubbing(config, parts)] : []),
  ];
  for (const chore of chores) chore.begin();
  return async () => {
    await Promise.all(chores.map((chore) => chore.stop()));
  };
}

function collecting({ gc }: Config, { upkeep: { collector }, now, logger }: ChoreParts): Chore {
  return new Chore({
    next: everySo(gc.intervalMs, now),
    async work(signal) {
      for await (const item of collector.run({}, signal)) {
        if (item.kind !== "finished") continue;
        const { examined, ...removed } = item.totals;
        if (Object.values(removed).some((count) => count > 0))
          logger.info({ ...removed, examined }, "collected what nothing needed");
      }
    },
    failed: (error) => logger.error({ err: error }, "collecting failed; it is tried again"),
    now,
    lookMs: Math.min(gc.intervalMs, LOOK_MS),
  });
}

function purgingUploads(
  { uploadPurging: { dryRun, intervalMs } }: Config,
  { upkeep: { uploadPurges }, now, logger }: ChoreParts,
): Chore {
  return new Chore({
    next: everySo(intervalMs, now),
    async work(signal) {
      for await (const item of uploadPurges.run({ dryRun }, signal)) {
        if (item.kind === "upload" || item.kind === "orphan")
          logger.info(item, dryRun ? "an idle upload would be ended" : "an idle upload was ended");
        else if (item.kind === "finished" && item.totals.purged > 0)
          logger.info(item.totals, "looked for idle uploads");
      }
    },
    failed: (error) => logger.warn({ err: error }, "ending idle uploads failed; it is tried again"),
    now,
    lookMs: Math.min(intervalMs, LOOK_MS),
  });
}

function retaining(
  { retention: { intervalMs = 0 } }: Config,
  { upkeep: { parts }, metadata, now, logger }: ChoreParts,
): Chore {
  return new Chore({
    next: () => nextRetentionTime(metadata, { now: now(), intervalMs }),
    async work(signal) {
      for await (const item of parts.applyRetention({ changesOnly: true }, signal)) {
        if (item.kind === "summary") logger.info(item, "applied the rules of retention");
        else if (item.kind !== "progress") logger.info(item, "retention deleted");
      }
    },
    failed: (error) =>
      logger.error({ err: error }, "applying the rules of retention failed; it is tried again"),
    now,
    lookMs: Math.min(intervalMs, LOOK_MS),
  });
}

function scrubbing(
  { scrub: { intervalMs } }: Config,
  { upkeep: { parts }, metadata, now, logger }: ChoreParts,
): Chore {
  return new Chore({
    async next() {
      const last = await metadata.get(scrubKey);
      if (last?.endTime === undefined) return now();
      // A clock that was set back must not put it off for years.
      return Math.min(last.startTime, now()) + intervalMs;
    },
    async work(signal) {
      for await (const item of parts.scrub?.({ restart: false }, signal) ?? []) {
        if (item.kind === "damaged") logger.error(item, "a blob is damaged");
      }
      const { blobs, bytes, damaged, endTime } = (await metadata.get(scrubKey)) ?? {};
      if (endTime !== undefined) logger.info({ blobs, bytes, damaged }, "read all blobs again");
    },
    failed: (error) => logger.error({ err: error }, "reading blobs again failed; it is tried again"),
    now,
    lookMs: Math.min(intervalMs, LOOK_MS),
  });
}

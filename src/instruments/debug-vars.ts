// /debug/vars: what the process is and what it has counted, as one JSON object. The
// webhooks stand where distribution has its endpoints, in the same form, but without
// their headers, the paths of their URLs and what else may be secret.
import { setTimeout as sleep } from "node:timers/promises";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import { storedKey, usageBelowKey } from "../metadata/usage-keys.ts";
import { NO_USAGE } from "../metadata/usage-record.ts";
import type { WebhookStatus } from "../notify/webhook-status.ts";
import type { DiskSpace } from "./disk-space.ts";
import { codesOf } from "./webhook-readings.ts";

export interface RegistryFiguresParts {
  readonly metadata: MetadataStore;
  readonly webhooks: () => readonly WebhookStatus[];
  /** Where the data lies. Absent: in memory. */
  readonly disk?: DiskSpace | undefined;
}

/** Of the registry alone; the process adds its own. */
export async function registryFigures({ metadata, webhooks, disk }: RegistryFiguresParts): Promise<object> {
  const cache = metadata.descriptorCache();
  const stored = await metadata.get(storedKey);
  const { pushTime, pullTime, ...usage } = (await metadata.get(usageBelowKey(""))) ?? NO_USAGE;
  return {
    notifications: { endpoints: webhooks().map(endpointOf) },
    storage: {
      driver: disk === undefined ? "inmemory" : "filesystem",
      ...(disk !== undefined && (await spaceOf(disk))),
      blobs: stored?.blobs ?? 0,
      bytes: stored?.bytes ?? 0,
    },
    usage: {
      ...usage,
      ...(pushTime !== undefined && { pushed: new Date(pushTime).toISOString() }),
      ...(pullTime !== undefined && { pulled: new Date(pullTime).toISOString() }),
    },
    events: { last: metadata.lastSequence(), removedUpTo: metadata.trimmedSequence() },
    ...(cache !== undefined && {
      cache: { blobdescriptor: { requests: cache.hits + cache.misses, ...cache } },
    }),
  };
}

/** What a disk may take to say how full it is, in milliseconds. */
const DISK_MS = 2000;

/** Of a disk that is in trouble that it is: the other figures are the more welcome then. */
async function spaceOf(disk: DiskSpace): Promise<object> {
  const enough = new AbortController();
  const late = sleep(DISK_MS, { problem: `the disk does not answer within ${DISK_MS / 1000} s` }, enough);
  late.catch(() => undefined); // that nobody waits for it any more
  try {
    return await Promise.race([disk.read(), late]);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  } finally {
    enough.abort();
  }
}

/** Of milliseconds: distribution's durations are numbers of these. */
const NANOSECONDS = 1_000_000;

function endpointOf({ name, url, state, settings, counts, lag, deadLetters }: WebhookStatus): object {
  const { timeoutMs, threshold, backoffMs, ignoredMediaTypes, ignoredActions } = settings;
  return {
    name,
    url: withoutPath(url),
    Timeout: timeoutMs * NANOSECONDS,
    Threshold: threshold,
    Backoff: backoffMs * NANOSECONDS,
    IgnoredMediaTypes: ignoredMediaTypes,
    Ignore: { MediaTypes: ignoredMediaTypes, Actions: ignoredActions },
    Metrics: {
      Pending: lag,
      Events: counts.events,
      Successes: counts.successes,
      Failures: counts.failures,
      Errors: counts.errors,
      Statuses: Object.fromEntries(codesOf(counts.statuses)),
    },
    state,
    deadLetters,
  };
}

/** The paths of chat services' webhooks are their passwords. */
function withoutPath(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return url;
  const { origin, pathname, search } = parsed;
  return pathname === "/" && search === "" ? origin : `${origin}/…`;
}

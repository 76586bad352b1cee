// /debug/vars: what the process is and what it has counted, as one JSON object. The
// webhooks stand where distribution has its endpoints, in the same form, but without
// their headers, the paths of their URLs and what else may be secret.
import { statfs } from "node:fs/promises";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import { storedKey, usageBelowKey } from "../metadata/usage-keys.ts";
import { NO_USAGE } from "../metadata/usage-record.ts";
import type { WebhookStatus } from "../notify/webhook-status.ts";
import { codesOf } from "./webhook-readings.ts";

export interface RegistryFiguresParts {
  readonly metadata: MetadataStore;
  readonly webhooks: () => readonly WebhookStatus[];
  /** Where the data lies. Absent: in memory. */
  readonly folder?: string | undefined;
}

/** Of the registry alone; the process adds its own. */
export async function registryFigures({ metadata, webhooks, folder }: RegistryFiguresParts): Promise<object> {
  const cache = metadata.descriptorCache();
  const stored = await metadata.get(storedKey);
  const { pushTime, pullTime, ...usage } = (await metadata.get(usageBelowKey(""))) ?? NO_USAGE;
  return {
    notifications: { endpoints: webhooks().map(endpointOf) },
    storage: {
      driver: folder === undefined ? "inmemory" : "filesystem",
      ...(folder !== undefined && (await spaceOf(folder))),
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

async function spaceOf(folder: string): Promise<object> {
  const { bavail, blocks, bsize, ffree, files } = await statfs(folder);
  return {
    freeBytes: bavail * bsize,
    sizeBytes: blocks * bsize,
    ...(files > 0 && { freeFiles: ffree }),
  };
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

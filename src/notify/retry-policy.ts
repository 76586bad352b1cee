// When a failed delivery is tried again, and when it is tried no more.
import type { WebhookConfig, WebhookGiveUp } from "../config/webhook.ts";
import type { WebhookFailure } from "../metadata/records.ts";

/** How far a wait may be stretched, so that endpoints that failed together do not come back together. */
const STRETCH = 1.5;

/** Doubling more often than this leaves every sensible limit behind, and stays a number. */
const MAX_DOUBLINGS = 40;

export interface FailedAttempt {
  /** How many failed in a row, this one included. */
  readonly attempts: number;
  /** How long the receiver asked us to stay away. Absent: it did not. */
  readonly retryAfterMs?: number | undefined;
  /** From 0 up to, but not including, 1. */
  readonly random: number;
}

/**
 * How long to wait before the next attempt, in milliseconds. The first `threshold`
 * failures wait between `backoff` and one and a half times that; each further one
 * doubles it, and no wait is longer than `maxBackoff`. Where the receiver asked for
 * more, it gets it, up to `maxBackoff`.
 */
export function retryWaitMs(
  { threshold, backoffMs, maxBackoffMs }: Pick<WebhookConfig, "threshold" | "backoffMs" | "maxBackoffMs">,
  { attempts, retryAfterMs = 0, random }: FailedAttempt,
): number {
  const most = Math.max(backoffMs, maxBackoffMs);
  const doublings = Math.min(Math.max(attempts - threshold, 0), MAX_DOUBLINGS);
  // At the limit the stretch goes downwards, or all that have waited long would come at the same moment.
  const shortest = Math.min(backoffMs * 2 ** doublings, Math.max(backoffMs, most / STRETCH));
  const longest = Math.min(shortest * STRETCH, most);
  const own = shortest + random * (longest - shortest);
  return Math.ceil(Math.max(own, Math.min(retryAfterMs, most)));
}

/** Why an event is put aside: the receiver refused it, or it was tried often or long enough. */
export type GiveUpReason = "status" | "attempts" | "age";

/** Undefined: it is tried again. */
export function giveUpReason(
  { attempts, ageMs, statuses }: WebhookGiveUp,
  failure: Pick<WebhookFailure, "attempts" | "since" | "status">,
  now: number,
): GiveUpReason | undefined {
  if (failure.status !== undefined && statuses.includes(failure.status)) return "status";
  if (attempts !== undefined && failure.attempts >= attempts) return "attempts";
  if (ageMs !== undefined && now - failure.since >= ageMs) return "age";
  return undefined;
}

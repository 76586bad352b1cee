// How a webhook's record changes with what happens. Each function makes the next
// record of the one before; an absent place means that it was moved by somebody else.
import type { WebhookFailure, WebhookRecord } from "../metadata/records.ts";

export function firstSeen(sequence: number, time: number): WebhookRecord {
  return {
    sequence,
    createTime: time,
    paused: false,
    delivered: 0,
    failedAttempts: 0,
    givenUp: 0,
    missed: 0,
  };
}

/** Events were delivered; everything up to `last` has been dealt with. */
export function delivered(
  record: WebhookRecord,
  { count, time, last }: { readonly count: number; readonly time: number; readonly last?: number },
): WebhookRecord {
  const counted = { ...record, delivered: record.delivered + count, lastSuccessTime: time };
  return last === undefined ? counted : placed(counted, last);
}

/** An attempt failed. Absent failure: it was at events that are not the next ones any more. */
export function failed(record: WebhookRecord, failure?: WebhookFailure): WebhookRecord {
  const counted = { ...record, failedAttempts: record.failedAttempts + 1 };
  return failure === undefined ? counted : { ...counted, failure };
}

/** One event was put aside, for which `dropped` older ones made room; everything up to `last` has been dealt with. */
export function gaveUp(
  record: WebhookRecord,
  { dropped, last }: { readonly dropped: number; readonly last?: number },
): WebhookRecord {
  const all = (record.dropped ?? 0) + dropped;
  const counted = { ...record, givenUp: record.givenUp + 1, ...(all > 0 && { dropped: all }) };
  return last === undefined ? counted : placed(counted, last);
}

/** Events up to this one were removed before they could be delivered. */
export function missed(record: WebhookRecord, upTo: number): WebhookRecord {
  return placed({ ...record, missed: record.missed + upTo - record.sequence }, upTo);
}

/** Events up to this one are not for it. What is wrong stays wrong: the next event is the same as before. */
export function skippedTo(record: WebhookRecord, sequence: number): WebhookRecord {
  return sequence > record.sequence ? { ...record, sequence } : record;
}

export function withPause(record: WebhookRecord, paused: boolean): WebhookRecord {
  return { ...record, paused };
}

/** It goes on behind this event, as if nothing had ever failed. */
export function placed({ failure: _, ...record }: WebhookRecord, sequence: number): WebhookRecord {
  return { ...record, sequence };
}

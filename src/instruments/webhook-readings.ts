// What webhooks tell at a scrape; there are as many as the configuration names.
import { STATUS_CODES } from "node:http";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { WebhookStatus } from "../notify/webhook-status.ts";
import { type Reading, reading } from "../telemetry/metrics.ts";
import { METRICS } from "./metric-table.ts";

export async function webhookReadings(
  webhooks: readonly WebhookStatus[],
  metadata: MetadataStore,
  now: number,
): Promise<readonly Reading[]> {
  const ages = await Promise.all(webhooks.map((webhook) => ageOfNext(webhook, metadata, now)));
  return webhooks.flatMap((webhook, place) => readingsOf(webhook, ages[place] ?? 0));
}

function readingsOf(webhook: WebhookStatus, age: number): readonly Reading[] {
  const { name: endpoint, lag, deadLetters, state, counts } = webhook;
  const { events, successes, failures, errors, statuses } = counts;
  const types = { Events: events, Successes: successes, Failures: failures, Errors: errors };
  return [
    ...Object.entries(types).map(([type, count]) =>
      reading(METRICS.webhookEvents, { type, endpoint }, count),
    ),
    ...codesOf(statuses).map(([code, count]) => reading(METRICS.webhookStatuses, { code, endpoint }, count)),
    reading(METRICS.webhookPending, { endpoint }, lag),
    reading(METRICS.webhookLag, { endpoint }, lag),
    reading(METRICS.webhookLagSeconds, { endpoint }, age / 1000),
    reading(METRICS.webhookDeadLetters, { endpoint }, deadLetters),
    reading(METRICS.webhookFailing, { endpoint }, state === "retrying" ? 1 : 0),
  ];
}

/** As distribution writes them: "200 OK". What no standard knows is "other", as receivers may answer anything. */
export function codesOf(statuses: ReadonlyMap<number, number>): readonly (readonly [string, number])[] {
  const codes = new Map<string, number>();
  for (const [status, count] of statuses) {
    const reason = STATUS_CODES[status];
    const code = reason === undefined ? "other" : `${status} ${reason}`;
    codes.set(code, (codes.get(code) ?? 0) + count);
  }
  return [...codes];
}

/** Of the first event behind its place, in milliseconds; 0: there is none. */
async function ageOfNext(
  { record, lag }: WebhookStatus,
  metadata: MetadataStore,
  now: number,
): Promise<number> {
  if (lag === 0) return 0;
  const [next] = await metadata.readEvents(record.sequence, 1);
  return next === undefined ? 0 : Math.max(now - next.event.time, 0);
}

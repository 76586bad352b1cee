// What may be shown of a webhook: everything but its secrets.
import type { WebhookConfig } from "../config/webhook.ts";
import type { WebhookRecord } from "../metadata/records.ts";
import type { DeliveryFigures } from "./delivery-counts.ts";
import { safeUrl } from "./safe-url.ts";

export type WebhookStateName = "active" | "retrying" | "paused" | "disabled";

export interface WebhookStatus {
  readonly name: string;
  /** Without user, query and fragment. Empty: it has none. */
  readonly url: string;
  readonly state: WebhookStateName;
  readonly record: WebhookRecord;
  /** How many events lie behind its place in the log, those that were removed not counted. */
  readonly lag: number;
  /** How many events behind its place were removed from the log already. */
  readonly missedAhead: number;
  /** How many dead letters there are now. */
  readonly deadLetters: number;
  /** Since the process started. */
  readonly counts: DeliveryFigures;
  readonly settings: WebhookSettings;
}

export interface WebhookSettings extends Omit<WebhookConfig, "name" | "url" | "headers" | "secrets"> {
  readonly headerNames: readonly string[];
  readonly signingKeys: number;
}

/** Where the event log begins and ends, how many dead letters there are, and how deliveries went. */
export interface Surroundings {
  readonly last: number;
  readonly trimmed: number;
  readonly deadLetters: number;
  readonly counts: DeliveryFigures;
}

export function webhookStatus(
  { name, url, headers, secrets, ...settings }: WebhookConfig,
  record: WebhookRecord,
  { last, trimmed, deadLetters, counts }: Surroundings,
): WebhookStatus {
  return {
    name,
    url: url === "" ? "" : safeUrl(url),
    state: stateOf(settings, record),
    record,
    lag: Math.max(last - Math.max(record.sequence, trimmed), 0),
    missedAhead: Math.max(trimmed - record.sequence, 0),
    deadLetters,
    counts,
    settings: { ...settings, headerNames: Object.keys(headers), signingKeys: secrets.length },
  };
}

function stateOf({ disabled }: { readonly disabled: boolean }, record: WebhookRecord): WebhookStateName {
  if (disabled) return "disabled";
  if (record.paused) return "paused";
  return record.failure === undefined ? "active" : "retrying";
}

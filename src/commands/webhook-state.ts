// What a webhook is doing, and what is wrong with it, in words.
import { STATUS_CODES } from "node:http";
import { type Webhook, Webhook_State, type WebhookFailure } from "../gen/stowage/v1/webhook_pb.ts";
import type { Cell } from "./cell.ts";
import { formatQuantity } from "./readable.ts";
import type { Style, View } from "./view.ts";

/** The state in its colour. */
export function stateCell({ state }: Webhook): Cell {
  const { text, style } = STATES.get(state) ?? { text: `state ${state}`, style: "dim" };
  return { text, style };
}

const STATES: ReadonlyMap<number, { readonly text: string; readonly style: Style }> = new Map([
  [Webhook_State.ACTIVE, { text: "active", style: "green" }],
  [Webhook_State.RETRYING, { text: "retrying", style: "red" }],
  [Webhook_State.PAUSED, { text: "paused", style: "yellow" }],
  [Webhook_State.DISABLED, { text: "disabled", style: "dim" }],
]);

/** "503 Service Unavailable"; "no answer" for zero. */
export function formatStatus(status: number): string {
  if (status === 0) return "no answer";
  const phrase = STATUS_CODES[status];
  return phrase === undefined ? String(status) : `${status} ${phrase}`;
}

/** The status and, where it says more, the reason: "503 Service Unavailable", "connection refused". */
export function formatOutcome({
  status,
  error,
}: {
  readonly status: number;
  readonly error: string;
}): string {
  const text = formatStatus(status);
  if (status === 0) return error === "" ? text : error;
  const isNews = error !== "" && !error.includes(String(status));
  return isNews ? `${text}: ${error}` : text;
}

/** "3 failures in a row, the first 10 min ago, next attempt in 12 s" */
export function formatAttempts(
  view: Pick<View, "distance">,
  { attempts, since, nextAttemptTime }: WebhookFailure,
): string {
  const next = nextAttemptTime === undefined ? "" : `, next attempt ${view.distance(nextAttemptTime)}`;
  return `${formatQuantity(attempts, "failure")} in a row, the first ${view.distance(since)}${next}`;
}

/** "3 failures, next attempt in 12 s" */
export function formatAttemptsShortly(
  view: Pick<View, "distance">,
  { attempts, nextAttemptTime }: WebhookFailure,
): string {
  const next = nextAttemptTime === undefined ? "" : `, next attempt ${view.distance(nextAttemptTime)}`;
  return `${formatQuantity(attempts, "failure")}${next}`;
}

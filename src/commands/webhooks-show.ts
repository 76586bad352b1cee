// stowage webhooks show: one webhook, its settings, its last deliveries.
import { type Webhook, WebhookSchema } from "../gen/stowage/v1/webhook_pb.ts";
import type { Cell } from "./cell.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatCount, formatQuantity } from "./readable.ts";
import type { RemoteOptions } from "./remote-registry.ts";
import { blockLines } from "./table.ts";
import { createView, type View } from "./view.ts";
import { askWebhook } from "./webhook-client.ts";
import { settingsLines } from "./webhook-settings.ts";
import { formatAttempts, formatOutcome, stateCell } from "./webhook-state.ts";
import { deliveryLines } from "./webhooks-deliveries.ts";
import { CommandFailure, type World } from "./world.ts";

/** How many of the last deliveries are shown. */
const DELIVERIES = 5;

const INDENT = "  ";

export async function showWebhook(world: World, name: string, options: RemoteOptions): Promise<void> {
  const view = createView(world);
  await askWebhook(options, name, async (client) => {
    const { webhook } = await client.getWebhook({ name });
    if (webhook === undefined) throw new CommandFailure("the registry answered without a webhook");
    if (options.json === true) return await printWholeJson(world.out, WebhookSchema, webhook);
    const { deliveries } = await client.listDeliveries({ name });
    const last = deliveries.slice(0, DELIVERIES);
    await printLines(world.out, [
      ...webhookBlock(view, webhook),
      "",
      view.paint("bold", last.length === 0 ? "No deliveries yet" : "Last deliveries"),
      ...(last.length === 0
        ? []
        : deliveryLines({ ...view, width: view.width - INDENT.length }, last).map(
            (line) => `${INDENT}${line}`,
          )),
    ]);
  });
}

/** The webhook as a block of labelled lines. */
export function webhookBlock(view: View, webhook: Webhook): string[] {
  const { settings } = webhook;
  return [
    view.paint("bold", webhook.name),
    ...blockLines(view, [
      ["State", stateCell(webhook)],
      ["URL", webhook.url || "-"],
      ["Lag", `${formatQuantity(webhook.lag, "event")} after #${webhook.cursor} to look through`],
      ["Delivered", formatQuantity(webhook.deliveredEvents, "event")],
      ["Last success", view.fullTime(webhook.lastSuccessTime)],
      ["Failed", formatQuantity(webhook.failedAttempts, "attempt")],
      ["Dead letters", deadLettersText(webhook)],
      ...droppedEntry(webhook),
      ...missedEntry(webhook),
      ...failureEntry(view, webhook),
    ]),
    ...(settings === undefined ? [] : ["", view.paint("bold", "Settings"), ...settingsLines(view, settings)]),
  ];
}

type Entry = [label: string, ...lines: Cell[]];

/** A gap that nobody notices would be the worst of all, so it is only told when there is one. */
function missedEntry({ missedEvents, missedAhead }: Webhook): Entry[] {
  const missed = missedEvents + missedAhead;
  const text = `${formatQuantity(missed, "event")}, removed from the log before they were delivered`;
  return missed === 0n ? [] : [["Missed", { text, style: "red" }]];
}

function deadLettersText({ deadLetters, givenUpEvents }: Webhook): string {
  return `${formatCount(deadLetters)} now, ${formatQuantity(givenUpEvents, "event")} given up in all`;
}

/** Likewise. */
function droppedEntry({ droppedDeadLetters }: Webhook): Entry[] {
  const text = `${formatQuantity(droppedDeadLetters, "dead letter")}, to make room for newer ones`;
  return droppedDeadLetters === 0n ? [] : [["Dropped", { text, style: "red" }]];
}

function failureEntry(view: View, { failure }: Webhook): Entry[] {
  if (failure === undefined) return [];
  return [["Failing", { text: formatOutcome(failure), style: "red" }, formatAttempts(view, failure)]];
}

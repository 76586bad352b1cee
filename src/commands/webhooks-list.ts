// stowage webhooks list: all webhooks in a table.
import { type Webhook, WebhookSchema } from "../gen/stowage/v1/webhook_pb.ts";
import type { Cell } from "./cell.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatCount } from "./readable.ts";
import type { RemoteOptions } from "./remote-registry.ts";
import { tableLines } from "./table.ts";
import { timeCell } from "./time-cell.ts";
import { createView, type View } from "./view.ts";
import { askWebhooks } from "./webhook-client.ts";
import { formatAttempts, formatAttemptsShortly, formatOutcome, stateCell } from "./webhook-state.ts";
import type { World } from "./world.ts";

export async function listWebhooks(world: World, options: RemoteOptions): Promise<void> {
  const { webhooks } = await askWebhooks(options, (client) => client.listWebhooks({}));
  if (options.json === true) {
    for (const webhook of webhooks) await printWholeJson(world.out, WebhookSchema, webhook);
    return;
  }
  await printLines(world.out, webhooks.length === 0 ? NONE : webhookLines(createView(world), webhooks));
}

const NONE = [
  "There are no webhooks. They are configured where the registry runs:",
  "  notifications:",
  "    endpoints:",
  "      - name: scanner",
  "        url: https://scanner.internal/events",
  "docs/events.md tells the rest.",
];

/** The table of webhooks; below it, what is wrong with some. */
export function webhookLines(view: View, webhooks: readonly Webhook[]): string[] {
  // Losses have columns only when there are some: then they are seen.
  const hasDead = webhooks.some(({ deadLetters }) => deadLetters > 0n);
  const hasMissed = webhooks.some((webhook) => missedOf(webhook) > 0n);
  const columns = [
    { title: "NAME" },
    { title: "STATE" },
    { title: "LAG", alignRight: true },
    { title: "DELIVERED", alignRight: true },
    ...(hasDead ? [{ title: "DEAD LETTERS", alignRight: true }] : []),
    ...(hasMissed ? [{ title: "MISSED", alignRight: true }] : []),
    { title: "LAST SUCCESS" },
    { title: "URL", cut: "middle" as const, canGo: true },
  ];
  const rows = webhooks.map((webhook): Cell[] => [
    webhook.name,
    stateCell(webhook),
    formatCount(webhook.lag),
    formatCount(webhook.deliveredEvents),
    ...(hasDead ? [lossCell(webhook.deadLetters)] : []),
    ...(hasMissed ? [lossCell(missedOf(webhook))] : []),
    timeCell(view, webhook.lastSuccessTime),
    webhook.url || "-",
  ]);
  return [...tableLines(view, columns, rows), ...failureLines(view, webhooks)];
}

/** Also those that it will miss as soon as it goes on. */
function missedOf({ missedEvents, missedAhead }: Webhook): bigint {
  return missedEvents + missedAhead;
}

function lossCell(count: bigint): Cell {
  return count === 0n ? "0" : { text: formatCount(count), style: "red" };
}

function failureLines(view: View, webhooks: readonly Webhook[]): string[] {
  const rows = webhooks.flatMap(({ name, failure }): Cell[][] =>
    failure === undefined
      ? []
      : [
          [
            name,
            { text: formatOutcome(failure), style: "red" },
            { text: formatAttempts(view, failure), short: formatAttemptsShortly(view, failure) },
          ],
        ],
  );
  if (rows.length === 0) return [];
  return [
    "",
    ...tableLines(view, [{ title: "FAILING" }, { title: "LAST ANSWER", cut: "end" }, { title: "" }], rows),
  ];
}

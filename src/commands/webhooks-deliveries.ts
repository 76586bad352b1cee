// stowage webhooks deliveries and test: attempts to deliver, and one more.
import { durationMs } from "@bufbuild/protobuf/wkt";
import { type Delivery, DeliverySchema } from "../gen/stowage/v1/webhook_pb.ts";
import type { Cell } from "./cell.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatCount, formatDuration } from "./readable.ts";
import type { RemoteOptions } from "./remote-registry.ts";
import { tableLines } from "./table.ts";
import { createView, type View } from "./view.ts";
import { askWebhook } from "./webhook-client.ts";
import { formatOutcome, formatStatus } from "./webhook-state.ts";
import { CommandFailure, type World } from "./world.ts";

export async function listDeliveries(world: World, name: string, options: RemoteOptions): Promise<void> {
  const { deliveries } = await askWebhook(options, name, (client) => client.listDeliveries({ name }));
  if (options.json === true) {
    for (const delivery of deliveries) await printWholeJson(world.out, DeliverySchema, delivery);
    return;
  }
  const none = [`Webhook ${name} has not delivered anything yet. Try it:`, `  stowage webhooks test ${name}`];
  await printLines(world.out, deliveries.length === 0 ? none : deliveryLines(createView(world), deliveries));
}

/** The table of deliveries. */
export function deliveryLines(view: View, deliveries: readonly Delivery[]): string[] {
  const columns = [
    { title: "TIME" },
    { title: "EVENTS" },
    { title: "ATTEMPT", alignRight: true },
    { title: "TOOK", alignRight: true },
    { title: "ANSWER", cut: "end" as const },
  ];
  const rows = deliveries.map((delivery): Cell[] => [
    {
      text: `${view.time(delivery.time)}  ${view.distance(delivery.time)}`,
      short: view.distance(delivery.time),
    },
    delivery.test ? { text: "test", style: "dim" } : eventsOf(delivery),
    formatCount(delivery.attempt),
    tookOf(delivery),
    { text: formatOutcome(delivery), style: delivery.error === "" ? "green" : "red" },
  ]);
  return tableLines(view, columns, rows);
}

/** "3 (#12 - #17)": a filter leaves gaps, so the count is told too. */
function eventsOf({ firstCursor, lastCursor, eventCount }: Delivery): string {
  const range = firstCursor === lastCursor ? `#${firstCursor}` : `#${firstCursor} - #${lastCursor}`;
  return `${formatCount(eventCount)} (${range})`;
}

function tookOf({ duration }: Delivery): string {
  return duration === undefined ? "-" : formatDuration(durationMs(duration));
}

/** Throws CommandFailure when the receiver did not accept the message. */
export async function testWebhook(world: World, name: string, options: RemoteOptions): Promise<void> {
  const { delivery } = await askWebhook(options, name, (client) => client.testWebhook({ name }));
  if (delivery === undefined) throw new CommandFailure("the registry answered without a delivery");
  const { paint } = createView(world);
  const status = paint(delivery.error === "" ? "green" : "red", formatStatus(delivery.status));
  if (options.json === true) await printWholeJson(world.out, DeliverySchema, delivery);
  else await printLines(world.out, [`${status} after ${tookOf(delivery)}`]);
  if (delivery.error !== "")
    throw new CommandFailure(`webhook ${name} does not work: ${formatOutcome(delivery)}`);
}

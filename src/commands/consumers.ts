// stowage consumers: the places in the event log that a registry remembers.
import { type Client, createClient } from "@connectrpc/connect";
import { type Consumer, ConsumerSchema, EventService } from "../gen/stowage/v1/event_service_pb.ts";
import type { Cell } from "./cell.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatCount } from "./readable.ts";
import { askRegistry, problemOf, type RemoteOptions } from "./remote-registry.ts";
import { tableLines } from "./table.ts";
import { timeCell } from "./time-cell.ts";
import { unknownName } from "./unknown-name.ts";
import { createView, type View } from "./view.ts";
import type { World } from "./world.ts";

export async function listConsumers(world: World, options: RemoteOptions): Promise<void> {
  await askRegistry(options, async (transport) => {
    const consumers = readConsumers(createClient(EventService, transport));
    if (options.json === true) {
      for await (const consumer of consumers) await printWholeJson(world.out, ConsumerSchema, consumer);
      return;
    }
    const all = await Array.fromAsync(consumers);
    await printLines(world.out, all.length === 0 ? NONE : consumerLines(createView(world), all));
  });
}

const NONE = [
  "There are no consumers. One is made by following events with a name:",
  "  stowage events --follow --consumer NAME",
];

/** The table of consumers. */
export function consumerLines(view: View, consumers: readonly Consumer[]): string[] {
  const columns = [
    { title: "NAME", cut: "middle" as const },
    { title: "STATE" },
    { title: "LAG", alignRight: true },
    { title: "CURSOR", alignRight: true },
    { title: "ACKNOWLEDGED" },
    { title: "CREATED" },
  ];
  const rows = consumers.map((consumer): Cell[] => [
    consumer.name,
    stateCell(consumer),
    formatCount(consumer.lag),
    `#${consumer.cursor}`,
    timeCell(view, consumer.acknowledgeTime),
    timeCell(view, consumer.createTime),
  ]);
  return tableLines(view, columns, rows);
}

function stateCell({ connected, expired }: Consumer): Cell {
  if (expired) return { text: "expired", style: "red" };
  return connected ? { text: "connected", style: "green" } : { text: "away", style: "yellow" };
}

export async function deleteConsumer(world: World, name: string, options: RemoteOptions): Promise<void> {
  await askRegistry(options, async (transport) => {
    const client = createClient(EventService, transport);
    try {
      await client.deleteConsumer({ consumer: name });
    } catch (error) {
      if (problemOf(error)?.reason !== "CONSUMER_UNKNOWN") throw error;
      const known = await Array.fromAsync(readConsumers(client), (consumer) => consumer.name);
      throw unknownName({ what: "consumer", name }, known);
    }
    const done = JSON.stringify({ consumer: name, deleted: true });
    await printLines(world.out, [options.json === true ? done : `Consumer ${name} is deleted.`]);
  });
}

async function* readConsumers(client: Client<typeof EventService>): AsyncGenerator<Consumer> {
  let pageToken = "";
  do {
    const page = await client.listConsumers({ pageSize: 1000, pageToken });
    yield* page.consumers;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

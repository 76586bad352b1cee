// Becoming a named consumer, which is made when it does not exist.
import type { Consumer } from "../gen/stowage/v1/event_service_pb.ts";
import { ConsumerSession } from "./consumer-session.ts";
import type { EventsOptions } from "./events-options.ts";
import { type EventClient, placeMessage, type ReadOptions } from "./follow-events.ts";
import { formatQuantity } from "./readable.ts";
import type { World } from "./world.ts";

export interface ConsumerStart extends EventsOptions {
  readonly read: Pick<ReadOptions, "start" | "signal">;
}

/** The consumer that the options name. Absent: they name none. Tells where it goes on when the options say otherwise. */
export async function openConsumer(
  world: World,
  client: EventClient,
  options: ConsumerStart,
): Promise<ConsumerSession | undefined> {
  const { consumer: name, from, since } = options;
  const { start, signal } = options.read;
  if (name === undefined) return undefined;
  const place = start.kind === "snapshot" ? ({ kind: "now" } as const) : start;
  const request = { consumer: name, start: placeMessage(place) };
  const { consumer, created } = await client.createConsumer(request, { signal });
  if (consumer !== undefined && !created && (from ?? since) !== undefined) {
    const option = from === undefined ? "--since" : "--from";
    await world.err.write(`stowage: ${option} is not used: ${continues(consumer)}\n`);
  }
  return new ConsumerSession(client, { name });
}

function continues({ name, cursor, lag }: Consumer): string {
  return `consumer ${name} exists and goes on after #${cursor}, with ${formatQuantity(lag, "event")} to come`;
}

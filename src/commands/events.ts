// stowage events: reads the event log of a running registry.
import { ConnectError, createClient } from "@connectrpc/connect";
import { EventService } from "../gen/stowage/v1/event_service_pb.ts";
import type { ConsumerSession } from "./consumer-session.ts";
import { openConsumer } from "./consumer-start.ts";
import { explainEventFailure } from "./event-failure.ts";
import { createEventPrinter, type EventPrinter } from "./event-printer.ts";
import { type EventsOptions, parseChoice, parseStart, requireFitting } from "./events-options.ts";
import { type EventClient, followEvents, listEvents, type ReadOptions } from "./follow-events.ts";
import { remoteTransport } from "./remote-registry.ts";
import { parseServerUrl } from "./server-url.ts";
import type { World } from "./world.ts";

/** Prints events until there are no more, or, following, until a signal comes. */
export async function printEvents(world: World, options: EventsOptions): Promise<void> {
  requireFitting(options);
  const server = parseServerUrl(options.server);
  const filter = parseChoice(options);
  const start = parseStart(options, world.now());
  const stop = new AbortController();
  const ignoreSignals = world.onStopSignal(() => stop.abort());
  const client = createClient(EventService, remoteTransport(server));
  const read = { start, filter, includeReferences: options.references === true, signal: stop.signal };
  const print = createEventPrinter(world, options);
  try {
    if (options.follow === true || options.snapshot === true)
      await follow(world, client, { ...options, server, read, print });
    else for await (const event of listEvents(client, read)) await print({ case: "event", value: event });
  } catch (error) {
    if (!stop.signal.aborted) throw explainEventFailure(error, { ...options, server });
  } finally {
    ignoreSignals();
  }
}

interface Following extends EventsOptions {
  readonly read: ReadOptions;
  readonly print: EventPrinter;
}

async function follow(world: World, client: EventClient, options: Following): Promise<void> {
  const { server, read, print } = options;
  const session = await openConsumer(world, client, options);
  const onPause = (reason: string, waitMs: number) => {
    void world.err.write(`stowage: ${server}: ${reason}; trying again in about ${waitMs / 1000} s\n`);
  };
  try {
    const consumer = session === undefined ? {} : { consumer: session };
    for await (const message of followEvents(client, { ...read, ...consumer, onPause })) {
      await print(message);
      if (message.case === "snapshotEnd" && options.follow !== true) return;
    }
  } finally {
    if (session !== undefined) await finish(world, session);
  }
}

/** What cannot be acknowledged any more comes again, which is worth a word but no failure. */
async function finish(world: World, session: ConsumerSession): Promise<void> {
  try {
    await session.finish();
  } catch (error) {
    const { rawMessage } = ConnectError.from(error);
    await world.err.write(`stowage: the last events were not acknowledged and come again: ${rawMessage}\n`);
  }
}

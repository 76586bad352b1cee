// stowage events: reads the event log of a running registry.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { ConnectError, createClient } from "@connectrpc/connect";
import type { Event } from "../gen/stowage/v1/event_pb.ts";
import { EventService } from "../gen/stowage/v1/event_service_pb.ts";
import type { ConsumerSession } from "./consumer-session.ts";
import { openConsumer } from "./consumer-start.ts";
import { explainEventFailure } from "./event-failure.ts";
import { createEventPrinter, type EventPrinter } from "./event-printer.ts";
import { type EventsOptions, parseChoice, parseStart, parseUntil, requireFitting } from "./events-options.ts";
import {
  type EventClient,
  type Followed,
  followEvents,
  listEvents,
  type ReadOptions,
} from "./follow-events.ts";
import { createFollowNotices } from "./follow-notices.ts";
import { lastEvents } from "./last-events.ts";
import { remoteTransport } from "./remote-registry.ts";
import { parseServerUrl } from "./server-url.ts";
import type { World } from "./world.ts";

/** Prints events until there are no more, or, following, until a signal comes. */
export async function printEvents(world: World, options: EventsOptions): Promise<void> {
  requireFitting(options);
  const server = parseServerUrl(options.server);
  const filter = parseChoice(options);
  const now = world.now();
  const start = parseStart(options, now);
  const untilMs = parseUntil(options, now);
  const stop = new AbortController();
  const ignoreSignals = world.onStopSignal(() => stop.abort());
  const client = createClient(EventService, remoteTransport(server, options));
  const read = { start, filter, includeReferences: options.references === true, signal: stop.signal };
  const print = createEventPrinter(world, options);
  try {
    if (options.follow === true || options.snapshot === true)
      await follow(world, client, { ...options, server, untilMs, read, print });
    else
      for await (const value of eventsInLog(client, read, { last: options.last, now })) {
        if (isAfter({ case: "event", value }, untilMs)) return;
        await print({ case: "event", value });
      }
  } catch (error) {
    if (!stop.signal.aborted) throw explainEventFailure(error, { ...options, server });
  } finally {
    ignoreSignals();
  }
}

/** The last of the events in the log, or all of them. */
function eventsInLog(client: EventClient, read: ReadOptions, { last, now }: LogChoice): AsyncIterable<Event> {
  return last === undefined ? listEvents(client, read) : lastEvents(client, read, { count: last, now });
}

interface LogChoice {
  readonly last: number | undefined;
  readonly now: number;
}

/** Past the time at which reading ends. */
function isAfter(message: Followed, until: number | undefined): boolean {
  if (until === undefined || message.case !== "event" || message.value.time === undefined) return false;
  return timestampMs(message.value.time) > until;
}

interface Following extends EventsOptions {
  /** In milliseconds since 1970. */
  readonly untilMs: number | undefined;
  readonly read: ReadOptions;
  readonly print: EventPrinter;
}

async function follow(world: World, client: EventClient, options: Following): Promise<void> {
  const { server, read, print, untilMs } = options;
  const notice = createFollowNotices(world, { server, isSnapshot: read.start.kind === "snapshot" });
  const session = await openConsumer(world, client, options);
  const onPause = (reason: string, waitMs: number) => {
    void world.err.write(`stowage: ${server}: ${reason}; trying again in about ${waitMs / 1000} s\n`);
  };
  const isRenewed = () => options.credentials?.isRenewed === true;
  try {
    const consumer = session === undefined ? {} : { consumer: session };
    for await (const message of followEvents(client, { ...read, ...consumer, onPause, isRenewed })) {
      if (options.follow === true) await notice(message);
      if (isAfter(message, untilMs)) return;
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

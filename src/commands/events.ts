// stowage events: reads the event log of a running registry.
import { toJsonString } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { type Event, EventSchema } from "../gen/stowage/v1/event_pb.ts";
import { EventService } from "../gen/stowage/v1/event_service_pb.ts";
import { MAX_RESPONSE_MESSAGE } from "../server/limits.ts";
import { EVENT_KINDS, eventLine } from "./event-line.ts";
import { type EventChoice, type EventStart, followEvents, listEvents } from "./follow-events.ts";
import { parseServerUrl } from "./server-url.ts";
import { CommandFailure, EXIT, type World } from "./world.ts";

export interface EventsOptions {
  readonly server: string;
  readonly follow?: boolean;
  readonly from?: string;
  readonly repository?: readonly string[];
  readonly kind?: readonly string[];
  readonly json?: boolean;
}

/** Prints events until there are no more, or, following, until a signal comes. */
export async function printEvents(world: World, options: EventsOptions): Promise<void> {
  const server = parseServerUrl(options.server);
  const filter = parseFilter(options);
  const start = parseStart(options);
  const stop = new AbortController();
  const ignoreSignals = world.onStopSignal(() => stop.abort());
  const onPause = (reason: string, waitMs: number) => {
    void world.err.write(`stowage: ${server}: ${reason}; trying again in about ${waitMs / 1000} s\n`);
  };
  try {
    const read = options.follow === true ? followEvents : listEvents;
    const client = createClient(EventService, eventTransport(server));
    const print = printer(world, options);
    for await (const event of read(client, { start, filter, signal: stop.signal, onPause }))
      await print(event);
  } catch (error) {
    if (!stop.signal.aborted) throw explain(error, server);
  } finally {
    ignoreSignals();
  }
}

function eventTransport(baseUrl: string) {
  return createConnectTransport({
    baseUrl,
    httpVersion: "1.1",
    acceptCompression: [],
    readMaxBytes: MAX_RESPONSE_MESSAGE,
  });
}

function printer({ out }: World, { json }: EventsOptions): (event: Event) => Promise<void> {
  if (json === true) return (event) => out.write(`${toJsonString(EventSchema, event)}\n`);
  return (event) => out.write(`${eventLine(event, { color: out.isTerminal })}\n`);
}

function parseFilter({ repository = [], kind = [] }: EventsOptions): EventChoice {
  const unknown = kind.find((name) => !EVENT_KINDS.includes(name));
  if (unknown !== undefined)
    throw new CommandFailure(`--kind ${unknown}: the kinds are ${EVENT_KINDS.join(", ")}`, {
      exitCode: EXIT.usage,
    });
  return { repositoryPrefixes: [...repository], kinds: [...kind] };
}

function parseStart({ from, follow }: EventsOptions): EventStart {
  if (from === undefined) return { kind: follow === true ? "now" : "start" };
  if (from === "now" && follow !== true)
    throw new CommandFailure("--from now needs --follow: nothing is in the log behind now", {
      exitCode: EXIT.usage,
    });
  return from === "now" || from === "start" ? { kind: from } : { kind: "after", cursor: from };
}

function explain(error: unknown, server: string): CommandFailure {
  const { code, rawMessage } = ConnectError.from(error);
  const message = code === Code.InvalidArgument ? rawMessage : `${server}: ${rawMessage}`;
  return new CommandFailure(message, { cause: error });
}

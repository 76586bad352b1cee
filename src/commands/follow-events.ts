// Following the event log over a connection that may break: every event once,
// in order, whatever happens between.
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { Event } from "../gen/stowage/v1/event_pb.ts";
import type { EventFilter, EventService, SubscribeResponse } from "../gen/stowage/v1/event_service_pb.ts";

export type EventClient = Client<typeof EventService>;

/** Where to begin: the log's start, the next event, or behind a cursor. */
export type EventStart =
  | { readonly kind: "start" }
  | { readonly kind: "now" }
  | { readonly kind: "after"; readonly cursor: string };

/** What a subscription chooses, as a plain object. */
export type EventChoice = Pick<EventFilter, "repositoryPrefixes" | "kinds">;

export interface FollowOptions {
  readonly start: EventStart;
  readonly filter: EventChoice;
  readonly signal: AbortSignal;
  /** Told before each new attempt why and how long it waits, in milliseconds. */
  readonly onPause: (reason: string, waitMs: number) => void;
}

/** A server sends something every 15 seconds; three times nothing means that it is gone. */
const SILENCE_MS = 45_000;

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** Worth another attempt: the server went away, or cannot be reached now. Anything else would fail again. */
const PASSING: ReadonlySet<Code> = new Set([Code.Unavailable, Code.Aborted, Code.Unknown, Code.Internal]);

/**
 * Events until the signal aborts. A server that cannot be reached at first is an
 * error, for its address may be wrong; one that goes away later is waited for.
 */
export async function* followEvents(client: EventClient, options: FollowOptions): AsyncGenerator<Event> {
  const { signal, onPause } = options;
  let { start } = options;
  let isKnown = false;
  let waitMs = FIRST_WAIT_MS;
  while (!signal.aborted) {
    try {
      for await (const message of subscribe(client, start, options)) {
        isKnown = true;
        waitMs = FIRST_WAIT_MS;
        const event = message.case === "event" ? message.value : undefined;
        // Only what the reader has taken is behind us, so the cursor moves after it was handed out.
        if (event !== undefined) yield event;
        if (message.value !== undefined) start = { kind: "after", cursor: message.value.cursor };
      }
    } catch (error) {
      const failure = ConnectError.from(error);
      if (signal.aborted) return;
      if (!isKnown || !PASSING.has(failure.code)) throw failure;
      onPause(failure.rawMessage, waitMs);
    }
    await pause(waitMs, signal);
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
}

/** One subscription. Silence for too long ends it with an error. */
async function* subscribe(
  client: EventClient,
  start: EventStart,
  { filter, signal }: FollowOptions,
): AsyncGenerator<SubscribeResponse["message"]> {
  const silence = new AbortController();
  const expire = () => silence.abort(new ConnectError("the server fell silent", Code.Unavailable));
  const timer = setTimeout(expire, SILENCE_MS);
  try {
    const stream = client.subscribe(
      { start: startMessage(start), filter },
      { signal: AbortSignal.any([signal, silence.signal]) },
    );
    for await (const { message } of stream) {
      timer.refresh();
      yield message;
    }
  } catch (error) {
    throw silence.signal.aborted ? silence.signal.reason : error;
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

function startMessage(start: EventStart) {
  switch (start.kind) {
    case "start":
      return { case: "fromStart" as const, value: {} };
    case "now":
      return { case: "fromNow" as const, value: {} };
    case "after":
      return { case: "afterCursor" as const, value: start.cursor };
    default:
      return start satisfies never;
  }
}

/** Waits a time chosen at random around the given one, so that many readers do not come back at once. */
async function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  const spread = waitMs * (0.5 + Math.random());
  await sleep(spread, undefined, { signal }).catch(() => undefined);
}

/** All events behind the start that are in the log now. */
export async function* listEvents(
  client: EventClient,
  { start, filter, signal }: Pick<FollowOptions, "start" | "filter" | "signal">,
): AsyncGenerator<Event> {
  let afterCursor = start.kind === "after" ? start.cursor : "";
  for (;;) {
    const page = await client.listEvents({ afterCursor, filter, pageSize: 1000 }, { signal });
    yield* page.events;
    if (!page.more) return;
    afterCursor = page.nextCursor;
  }
}

// Following the event log over a connection that may break: every event once,
// in order, whatever happens between.
import { setTimeout as sleep } from "node:timers/promises";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { Event } from "../gen/stowage/v1/event_pb.ts";
import type { EventFilter, EventService, SubscribeResponse } from "../gen/stowage/v1/event_service_pb.ts";
import type { ConsumerSession } from "./consumer-session.ts";
import { problemOf } from "./remote-registry.ts";

export type EventClient = Client<typeof EventService>;

/** Where to begin: the log's start, the next event, behind a cursor, at a time, or with all that exists. */
export type EventStart =
  | { readonly kind: "start" }
  | { readonly kind: "now" }
  | { readonly kind: "after"; readonly cursor: string }
  /** In milliseconds since 1970. */
  | { readonly kind: "time"; readonly time: number }
  | { readonly kind: "snapshot" };

/** What a subscription chooses, as a plain object. */
export type EventChoice = Omit<EventFilter, "$typeName" | "$unknown" | "repositoryPrefixes">;

/** What a subscription tells. */
export type Followed = SubscribeResponse["message"];

export interface ReadOptions {
  readonly start: EventStart;
  readonly filter: EventChoice;
  readonly includeReferences: boolean;
  readonly signal: AbortSignal;
}

export interface FollowOptions extends ReadOptions {
  /** Told before each new attempt why and how long it waits, in milliseconds. */
  readonly onPause: (reason: string, waitMs: number) => void;
  /** True: there are other credentials now than those that were sent last. Absent: never. */
  readonly isRenewed?: () => boolean;
  /** Remembers at the registry what was taken. Then the start is a snapshot, or means nothing. */
  readonly consumer?: ConsumerSession;
}

/** A server sends something every 15 seconds; three times nothing means that it is gone. */
const SILENCE_MS = 45_000;

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/**
 * What a subscription tells until the signal aborts. A server that cannot be reached at first is
 * an error, for its address may be wrong; one that goes away later is waited for.
 */
export async function* followEvents(client: EventClient, options: FollowOptions): AsyncGenerator<Followed> {
  const { signal, onPause, consumer, isRenewed } = options;
  let { start } = options;
  let isKnown = false;
  let waitMs = FIRST_WAIT_MS;
  while (!signal.aborted) {
    try {
      // The registry continues a consumer behind what it knows to be taken.
      await consumer?.acknowledge(signal);
      for await (const message of subscribe(client, { ...options, start })) {
        isKnown = true;
        waitMs = FIRST_WAIT_MS;
        yield message;
        // Only what the reader has taken is behind us, so the place moves after it was handed out.
        const cursor = placeBehind(message, start);
        if (cursor === undefined) continue;
        start = { kind: "after", cursor };
        if (message.case !== "ready") consumer?.reach(cursor);
      }
    } catch (error) {
      const failure = ConnectError.from(error);
      if (signal.aborted) return;
      // A credential ended, and somebody has put the next one in its place.
      const isRetired = failure.code === Code.Unauthenticated && isRenewed?.() === true;
      if (!isKnown || !(isRetired || isPassing(failure))) throw failure;
      onPause(failure.rawMessage, waitMs);
    }
    await pause(waitMs, signal);
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
}

/** The cursor to go on behind after a message. Absent: that has not changed. Within a snapshot there is none. */
function placeBehind(message: Followed, start: EventStart): string | undefined {
  if (message.case === undefined || message.case === "snapshotItem") return undefined;
  if (start.kind === "snapshot" && message.case !== "snapshotEnd" && message.case !== "event")
    return undefined;
  return message.value.cursor;
}

const PASSING: ReadonlySet<Code> = new Set([Code.Unavailable, Code.Aborted, Code.Unknown, Code.Internal]);

/** Worth another attempt: the server went away, or cannot be reached now. Anything else would fail again. */
function isPassing(failure: ConnectError): boolean {
  const reason = problemOf(failure)?.reason;
  if (reason === "TOOMANYREQUESTS") return true;
  return PASSING.has(failure.code) && reason !== "CONSUMER_TAKEN";
}

/** One subscription. Silence for too long ends it with an error. */
async function* subscribe(
  client: EventClient,
  { start, filter, includeReferences, signal, consumer }: FollowOptions,
): AsyncGenerator<Followed> {
  const silence = new AbortController();
  const expire = () => silence.abort(new ConnectError("the server fell silent", Code.Unavailable));
  const timer = setTimeout(expire, SILENCE_MS);
  try {
    const place = consumer === undefined || start.kind === "snapshot" ? { start: startMessage(start) } : {};
    const stream = client.subscribe(
      { ...place, filter, includeReferences, consumer: consumer?.name ?? "" },
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
  return start.kind === "snapshot" ? { case: "fromSnapshot" as const, value: {} } : placeMessage(start);
}

/** A place in the log, as the schema writes it. */
export function placeMessage(start: Exclude<EventStart, { kind: "snapshot" }>) {
  switch (start.kind) {
    case "start":
      return { case: "fromStart" as const, value: {} };
    case "now":
      return { case: "fromNow" as const, value: {} };
    case "after":
      return { case: "afterCursor" as const, value: start.cursor };
    case "time":
      return { case: "fromTime" as const, value: timestampFromMs(start.time) };
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
  { start, filter, includeReferences, signal }: ReadOptions,
): AsyncGenerator<Event> {
  const fromTime = start.kind === "time" ? { fromTime: timestampFromMs(start.time) } : {};
  let place: { fromTime?: ReturnType<typeof timestampFromMs>; afterCursor?: string } =
    start.kind === "after" ? { afterCursor: start.cursor } : fromTime;
  for (;;) {
    const request = { ...place, filter, includeReferences, pageSize: 1000 };
    const page = await client.listEvents(request, { signal });
    yield* page.events;
    if (!page.more) return;
    place = { afterCursor: page.nextCursor };
  }
}

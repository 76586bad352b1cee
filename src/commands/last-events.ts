// The last events of the log. The log is only read forwards, so reading begins
// a while back, and further back until there are enough.
import type { Event } from "../gen/stowage/v1/event_pb.ts";
import { type EventClient, type EventStart, listEvents, type ReadOptions } from "./follow-events.ts";

export interface LastEvents {
  readonly count: number;
  /** In milliseconds since 1970. */
  readonly now: number;
}

const HOUR_MS = 3_600_000;

/** How far back the attempts begin; the last one is the start of the log. */
const SPANS_MS: readonly number[] = [HOUR_MS, 24 * HOUR_MS, 7 * 24 * HOUR_MS];

/** The last so many events that pass, oldest first. */
export async function* lastEvents(
  client: EventClient,
  read: Omit<ReadOptions, "start">,
  { count, now }: LastEvents,
): AsyncGenerator<Event> {
  const starts = SPANS_MS.map((span): EventStart => ({ kind: "time", time: now - span }));
  for (const start of [...starts, { kind: "start" } as const]) {
    const last = await readLast(listEvents(client, { ...read, start }), count);
    if (last.length < count && start.kind !== "start") continue;
    yield* last;
    return;
  }
}

/** Keeps no more than twice as many at a time. */
async function readLast(events: AsyncIterable<Event>, count: number): Promise<Event[]> {
  let last: Event[] = [];
  for await (const event of events) {
    last.push(event);
    if (last.length >= 2 * count) last = last.slice(-count);
  }
  return last.slice(-count);
}

// What readers of the event log ask for: cursors, starts and filters, from protobuf.
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { type EventFilter, parseEventFilter, type Sight } from "../core/event-filter.ts";
import type { EventStart, SubscriptionStart } from "../core/events.ts";
import type {
  CreateConsumerRequest,
  EventFilter as EventFilterMessage,
  ListEventsRequest,
  SubscribeRequest,
} from "../gen/stowage/v1/event_service_pb.ts";
import { RegistryError } from "../oci/errors.ts";

const CURSOR = /^(?:0|[1-9]\d{0,14})$/;

/** How long a filter's entries may be together, in characters: they are held and compared as long as a stream lives. */
const MAX_FILTER_LENGTH = 8192;

/** Throws CURSOR_INVALID. */
export function parseCursor(text: string): number {
  if (CURSOR.test(text)) return Number(text);
  const cursor = text.slice(0, 80);
  const message = `cursor "${cursor}" is not one of this registry's`;
  throw new RegistryError("CURSOR_INVALID", { cursor }, { message });
}

/** Absent: everything that is in sight. Throws KIND_INVALID, FILTER_INVALID. */
export function parseFilter(message: EventFilterMessage | undefined, sight?: Sight): EventFilter {
  if (message !== undefined) checkLength(message);
  return parseEventFilter(message ?? {}, sight);
}

/** Undefined when the request says nothing. Throws CURSOR_INVALID. */
export function parseStart(start: CreateConsumerRequest["start"]): EventStart | undefined {
  switch (start.case) {
    case "fromStart":
      return { kind: "start" };
    case "fromNow":
      return { kind: "now" };
    case "afterCursor":
      return { kind: "after", sequence: parseCursor(start.value) };
    case "fromTime":
      return { kind: "time", time: milliseconds(start.value) };
    case undefined:
      return undefined;
    default:
      return start satisfies never;
  }
}

/** Undefined when the request says nothing. Throws CURSOR_INVALID. */
export function parseSubscriptionStart(start: SubscribeRequest["start"]): SubscriptionStart | undefined {
  return start.case === "fromSnapshot" ? { kind: "snapshot" } : parseStart(start);
}

/** Throws CURSOR_INVALID, and REQUEST_INVALID when two places are named. */
export function parseListStart({ afterCursor, fromTime }: ListEventsRequest): EventStart {
  if (fromTime === undefined)
    return afterCursor === "" ? { kind: "start" } : { kind: "after", sequence: parseCursor(afterCursor) };
  if (afterCursor === "") return { kind: "time", time: milliseconds(fromTime) };
  const message = "after_cursor and from_time each say where to begin; give one of them";
  throw new RegistryError("REQUEST_INVALID", {}, { message });
}

function checkLength(message: EventFilterMessage): void {
  const { repositoryPrefixes, kinds, repositories, mediaTypes, artifactTypes, tags } = message;
  const members = [repositoryPrefixes, kinds, repositories, mediaTypes, artifactTypes, tags];
  let length = 0;
  for (const member of members) for (const entry of member) length += entry.length;
  if (length <= MAX_FILTER_LENGTH) return;
  const text = `the filter's entries have ${length} characters in all; at most ${MAX_FILTER_LENGTH} are allowed`;
  throw new RegistryError("FILTER_INVALID", { limit: String(MAX_FILTER_LENGTH) }, { message: text });
}

/** Rounded up: events have whole milliseconds, and none from before the time shall come. */
function milliseconds({ seconds, nanos }: Timestamp): number {
  return Number(seconds) * 1000 + Math.ceil(nanos / 1_000_000);
}

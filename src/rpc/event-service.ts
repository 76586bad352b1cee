// EventService: protobuf in, core call, protobuf out.
import { ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { Delivery, EventFilter, EventLog, EventStart } from "../core/events.ts";
import type {
  EventFilter as EventFilterMessage,
  EventService,
  SubscribeRequest,
} from "../gen/stowage/v1/event_service_pb.ts";
import { RegistryError } from "../oci/errors.ts";
import { parsePage } from "./convert.ts";
import { eventMessage, parseEventKind } from "./event-message.ts";

const EVENT_PAGE = { fallback: 100, most: 1000 };

/** A stream on which nothing was sent for so long sends a keepalive, in milliseconds. */
const KEEPALIVE_MS = 15_000;

const CURSOR = /^\d{1,15}$/;

export interface EventServiceOptions {
  /** In milliseconds; absent: 15 seconds. */
  readonly keepaliveMs?: number;
}

export function eventService(
  events: EventLog,
  options: EventServiceOptions,
): ServiceImpl<typeof EventService> {
  const keepaliveMs = options.keepaliveMs ?? KEEPALIVE_MS;
  return {
    async *subscribe(request, { signal }) {
      const filter = parseFilter(request.filter);
      for await (const delivery of events.subscribe(parseStart(request), filter, { signal, keepaliveMs }))
        yield { message: deliveryMessage(delivery) };
      // Aborted by the server's shutdown: say so, for the reader shall resume. By the client: nobody listens.
      throw ConnectError.from(signal.reason);
    },

    async listEvents({ afterCursor, filter, pageSize }) {
      const { limit } = parsePage({ pageSize, pageToken: "" }, EVENT_PAGE);
      const after = afterCursor === "" ? 0 : parseCursor(afterCursor);
      const page = await events.list(after, parseFilter(filter), limit);
      return {
        events: page.events.map(({ sequence, event }) => eventMessage(sequence, event)),
        nextCursor: String(page.sequence),
        more: page.more,
      };
    },
  };
}

function parseFilter(message: EventFilterMessage | undefined): EventFilter {
  return {
    repositoryPrefixes: message?.repositoryPrefixes ?? [],
    kinds: message?.kinds.map(parseEventKind) ?? [],
  };
}

function parseStart({ start }: SubscribeRequest): EventStart {
  switch (start.case) {
    case "fromStart":
      return "start";
    case "afterCursor":
      return parseCursor(start.value);
    case "fromNow":
    case undefined:
      return "now";
  }
}

function parseCursor(text: string): number {
  if (CURSOR.test(text)) return Number(text);
  const message = `cursor "${text.slice(0, 80)}" is not one of this registry's`;
  throw new RegistryError("CURSOR_INVALID", { cursor: text.slice(0, 80) }, { message });
}

function deliveryMessage(delivery: Delivery) {
  switch (delivery.kind) {
    case "ready":
      return { case: "ready", value: { cursor: String(delivery.sequence) } } as const;
    case "event":
      return { case: "event", value: eventMessage(delivery.sequence, delivery.event) } as const;
    case "keepalive":
      return { case: "keepalive", value: { cursor: String(delivery.sequence) } } as const;
  }
}

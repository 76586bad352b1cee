// EventService: protobuf in, core call, protobuf out.
import type { ServiceImpl } from "@connectrpc/connect";
import type { Core } from "../core/core.ts";
import type { EventService } from "../gen/stowage/v1/event_service_pb.ts";
import { RegistryError } from "../oci/errors.ts";
import { consumerMessage } from "./consumer-message.ts";
import { pageToken, parsePage } from "./convert.ts";
import { deliveryMessage } from "./delivery-message.ts";
import { endOfStream } from "./end-of-stream.ts";
import { eventMessage } from "./event-message.ts";
import {
  parseCursor,
  parseFilter,
  parseListStart,
  parseStart,
  parseSubscriptionStart,
} from "./event-request.ts";
import { inSight } from "./event-sight.ts";
import type { Reception } from "./reception.ts";

const EVENT_PAGE = { fallback: 100, most: 1000 };
const CONSUMER_PAGE = { fallback: 100, most: 1000 };

/** A stream on which nothing was sent for so long sends a keepalive, in milliseconds. */
const KEEPALIVE_MS = 15_000;

export interface EventServiceOptions {
  readonly reception: Reception;
  /** In milliseconds; absent: 15 seconds. */
  readonly keepaliveMs?: number;
}

export function eventService(
  { events, consumers }: Pick<Core, "events" | "consumers">,
  { reception, keepaliveMs = KEEPALIVE_MS }: EventServiceOptions,
): ServiceImpl<typeof EventService> {
  return {
    async *subscribe(request, context) {
      const { signal } = context;
      // A stream lives for days, and with it the message. Fields that nobody knows can be megabytes of it.
      delete request.$unknown;
      const { start, filter, includeReferences, consumer } = request;
      const chosen = parseSubscriptionStart(start);
      if (filter !== undefined) delete filter.$unknown;
      const sight = reception.sightOf(context, "events");
      const caller = reception.callerOf(context);
      const common = { filter: parseFilter(filter, sight), signal, keepaliveMs };
      const deliveries =
        consumer === ""
          ? events.subscribe({ ...common, start: chosen ?? { kind: "now" } })
          : consumers.subscribe({
              ...common,
              name: consumer,
              ...(caller !== undefined && { caller }),
              ...(chosen !== undefined && { start: chosen }),
            });
      const options = { withReferences: includeReferences };
      for await (const delivery of deliveries) {
        if (!reception.isCurrent(context)) throw credentialEnded();
        yield { message: deliveryMessage(inSight(delivery, sight), options) };
      }
      // Aborted by the server's shutdown: say so, for the reader shall resume. By the client: nobody listens.
      throw endOfStream(signal);
    },

    async listEvents(request, context) {
      const { limit } = parsePage({ pageSize: request.pageSize, pageToken: "" }, EVENT_PAGE);
      const options = { withReferences: request.includeReferences };
      const sight = reception.sightOf(context, "events");
      const filter = parseFilter(request.filter, sight);
      const page = await events.list({ start: parseListStart(request), filter, limit, ...options });
      return {
        events: page.events.map((logged) => eventMessage(inSight(logged, sight), options)),
        nextCursor: String(page.sequence),
        more: page.more,
      };
    },

    async createConsumer({ consumer: name, start }, context) {
      const place = parseStart(start) ?? { kind: "now" };
      const { consumer, created } = await consumers.create(name, place, reception.callerOf(context));
      return { consumer: consumerMessage(consumer), created };
    },

    async acknowledgeEvents({ consumer: name, cursor }, context) {
      const consumer = await consumers.acknowledge(name, parseCursor(cursor), reception.callerOf(context));
      return { consumer: consumerMessage(consumer) };
    },

    async listConsumers(request, context) {
      const page = parsePage(request, CONSUMER_PAGE);
      const { items, more } = await consumers.list(page, reception.callerOf(context));
      const last = items.at(-1);
      return {
        consumers: items.map(consumerMessage),
        nextPageToken: more && last !== undefined ? pageToken(last.name) : "",
      };
    },

    async deleteConsumer({ consumer }, context) {
      await consumers.delete(consumer, reception.callerOf(context));
      return {};
    },
  };
}

function credentialEnded(): RegistryError {
  const message = "what you were let in by does not hold any more; come again with the last cursor";
  return new RegistryError("UNAUTHORIZED", {}, { message });
}

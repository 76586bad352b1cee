// Reads a registry's event log page by page, as a consumer does: over Connect.
import { type Client, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import type { Event } from "../../src/gen/stowage/v1/event_pb.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";

export class EventLogReader {
  readonly #client: Client<typeof EventService>;

  /** `url`: "http://host:port". */
  constructor(url: string) {
    this.#client = createClient(EventService, createConnectTransport({ baseUrl: url, httpVersion: "1.1" }));
  }

  /** All events behind the cursor; an empty one means from the start. */
  async *after(cursor: string): AsyncGenerator<Event, void, undefined> {
    let afterCursor = cursor;
    for (;;) {
      const page = await this.#client.listEvents({ afterCursor, pageSize: 1000 });
      yield* page.events;
      if (!page.more) return;
      afterCursor = page.nextCursor;
    }
  }
}

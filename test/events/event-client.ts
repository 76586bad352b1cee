// EventService as tests of the event log call it.
import { type Client, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";

export type EventClient = Client<typeof EventService>;

/** `url`: "http://host:port". */
export function eventClient(url: string): EventClient {
  return createClient(EventService, createConnectTransport({ baseUrl: url, httpVersion: "1.1" }));
}

/** The cursor of the newest event. */
export async function newestCursor(client: EventClient): Promise<string> {
  let afterCursor = "";
  for (;;) {
    const page = await client.listEvents({ afterCursor, pageSize: 1000 });
    if (!page.more) return page.nextCursor;
    afterCursor = page.nextCursor;
  }
}

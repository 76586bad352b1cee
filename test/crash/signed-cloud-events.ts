// Reads what a webhook with signed CloudEvents is sent, with the packages that its receivers use.
import { type CloudEventV1, HTTP } from "cloudevents";
import { Webhook } from "standardwebhooks";
import type { ReceivedRequest } from "../support/webhook-receiver.ts";
import { cloudEventItem } from "./event-items.ts";
import type { Item } from "./reading.ts";

/** Throws when the signature or the events are not valid. */
export function readSignedCloudEvents(secret: string): (request: ReceivedRequest) => readonly Item[] {
  const verifier = new Webhook(secret);
  return ({ headers, body }) => {
    verifier.verify(body, {
      "webhook-id": String(headers["webhook-id"]),
      "webhook-timestamp": String(headers["webhook-timestamp"]),
      "webhook-signature": String(headers["webhook-signature"]),
    });
    const message = HTTP.toEvent<never>({ headers, body });
    const events: readonly CloudEventV1<never>[] = Array.isArray(message) ? message : [message];
    return events.map(({ id, data }) => {
      if (data === undefined) throw new Error(`CloudEvent ${id} has no data`);
      return cloudEventItem(id, data);
    });
  };
}

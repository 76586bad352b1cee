// Asking a registry about one of its webhooks.
import { type Client, createClient } from "@connectrpc/connect";
import { NotificationService } from "../gen/stowage/v1/notification_service_pb.ts";
import { askRegistry, problemOf, type RemoteOptions } from "./remote-registry.ts";
import { unknownName } from "./unknown-name.ts";

export type WebhookClient = Client<typeof NotificationService>;

/** Calls the registry; what fails becomes a CommandFailure. */
export function askWebhooks<T>(
  options: RemoteOptions,
  ask: (client: WebhookClient) => Promise<T>,
): Promise<T> {
  return askRegistry(options, (transport) => ask(createClient(NotificationService, transport)));
}

/** The same about one webhook; when there is none of that name, the error lists those there are. */
export function askWebhook<T>(
  options: RemoteOptions,
  name: string,
  ask: (client: WebhookClient) => Promise<T>,
): Promise<T> {
  return askWebhooks(options, async (client) => {
    try {
      return await ask(client);
    } catch (error) {
      if (problemOf(error)?.reason !== "WEBHOOK_UNKNOWN") throw error;
      const { webhooks } = await client.listWebhooks({});
      throw unknownName(
        { what: "webhook", name },
        webhooks.map((webhook) => webhook.name),
      );
    }
  });
}

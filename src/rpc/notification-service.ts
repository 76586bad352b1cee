// NotificationService: protobuf in, a word to the notifier, protobuf out.
import type { ServiceImpl } from "@connectrpc/connect";
import type { NotificationService } from "../gen/stowage/v1/notification_service_pb.ts";
import type { Notifier } from "../notify/notifier.ts";
import { RegistryError } from "../oci/errors.ts";
import { pageToken, parsePage } from "./convert.ts";
import { parseStart } from "./event-request.ts";
import { attemptMessage, deadLetterMessage, webhookMessage } from "./webhook-message.ts";

const DEAD_LETTER_PAGE = { fallback: 100, most: 1000 };

export function notificationService(notifier: Notifier): ServiceImpl<typeof NotificationService> {
  return {
    listWebhooks() {
      return { webhooks: notifier.list().map(webhookMessage) };
    },

    getWebhook({ name }) {
      return { webhook: webhookMessage(notifier.get(name)) };
    },

    async testWebhook({ name }, { signal }) {
      return { delivery: attemptMessage(await notifier.test(name, signal)) };
    },

    async pauseWebhook({ name }) {
      return { webhook: webhookMessage(await notifier.pause(name)) };
    },

    async resumeWebhook({ name }) {
      return { webhook: webhookMessage(await notifier.resume(name)) };
    },

    async replayWebhook({ name, start }) {
      const place = parseStart(start);
      if (place === undefined) {
        const message = "start is missing: give from_start, from_now, after_cursor or from_time";
        throw new RegistryError("REQUEST_INVALID", {}, { message });
      }
      return { webhook: webhookMessage(await notifier.replay(name, place)) };
    },

    listDeliveries({ name }) {
      return { deliveries: notifier.deliveries(name).map(attemptMessage) };
    },

    async listDeadLetters(request) {
      const { letters, next } = await notifier.listDeadLetters(
        request.name,
        parsePage(request, DEAD_LETTER_PAGE),
      );
      return {
        deadLetters: letters.map(deadLetterMessage),
        nextPageToken: next === undefined ? "" : pageToken(next),
      };
    },

    async redeliverDeadLetters({ name, deadLetterIds: ids }, { signal }) {
      return notifier.redeliverDeadLetters(name, { ids, signal });
    },

    async deleteDeadLetters({ name, deadLetterIds }) {
      return { deleted: await notifier.deleteDeadLetters(name, deadLetterIds) };
    },
  };
}

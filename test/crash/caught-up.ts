// Waits until all who read a registry's event log have had all of it.
import { setTimeout as wait } from "node:timers/promises";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { NotificationService } from "../../src/gen/stowage/v1/notification_service_pb.ts";

/** Who comes no further for so long, in milliseconds, never will. */
const PATIENCE = 30_000;

/** Resolves when no webhook and no consumer lags behind. `check` throws when there is no use in waiting. */
export async function allCaughtUp(url: string, check: () => void): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  let limit = Date.now() + PATIENCE;
  for (;;) {
    check();
    const lags = await lagsAt(url);
    const sum = [...lags.values()].reduce((total, lag) => total + lag, 0);
    if (sum === 0) return;
    if (sum < least) limit = Date.now() + PATIENCE;
    least = Math.min(least, sum);
    if (Date.now() > limit) throw new Error(`these come no further: ${JSON.stringify([...lags])}`);
    await wait(50);
  }
}

/** How many events are behind each reader's place. */
async function lagsAt(url: string): Promise<ReadonlyMap<string, number>> {
  const transport = createConnectTransport({ baseUrl: url, httpVersion: "1.1" });
  const { webhooks } = await createClient(NotificationService, transport).listWebhooks({});
  const { consumers } = await createClient(EventService, transport).listConsumers({});
  return new Map(
    [...webhooks, ...consumers].map(({ name, lag, $typeName }) => [`${$typeName} ${name}`, Number(lag)]),
  );
}

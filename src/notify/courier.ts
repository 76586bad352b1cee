// Carries messages to one receiver: composes, signs, posts, and tells how it went.
// It decides nothing about what follows from that.
import type { WebhookConfig } from "../config/webhook.ts";
import type { LoggedEvent } from "../metadata/metadata-store.ts";
import type { DeliveryRecord, SourceRecord } from "../metadata/records.ts";
import { composeMessage, composeTest, type MessageOptions, type OutgoingMessage } from "./message.ts";
import { Poster } from "./post.ts";
import { signatureHeaders } from "./signature.ts";

export interface CourierOptions {
  readonly webhook: WebhookConfig;
  readonly message: MessageOptions;
  readonly source: SourceRecord;
  readonly userAgent: string;
  readonly now: () => number;
  readonly newId: () => string;
}

/** How an attempt went. Cancelled: we broke it off, and nobody knows what the receiver got. */
export type Attempt =
  | { readonly kind: "delivered"; readonly delivery: DeliveryRecord }
  | { readonly kind: "failed"; readonly delivery: FailedDelivery; readonly retryAfterMs?: number }
  | { readonly kind: "cancelled" };

/** An attempt that failed, and says why. */
export type FailedDelivery = DeliveryRecord & { readonly error: string };

export interface AttemptOptions {
  /** From 1. */
  readonly attempt: number;
  /** Breaks it off. */
  readonly signal: AbortSignal;
}

export type Events = readonly [LoggedEvent, ...LoggedEvent[]];

/** What a delivery record says before the attempt is made. */
type Plan = Omit<DeliveryRecord, "time" | "durationMs" | "status" | "error">;

export class Courier {
  readonly #options: CourierOptions;
  #poster: Poster | undefined;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  deliver(events: Events, { attempt, signal }: AttemptOptions): Promise<Attempt> {
    const [{ sequence: first }] = events;
    const last = events.at(-1)?.sequence ?? first;
    const plan = { id: deliveryId(events), isTest: false, attempt, first, last, eventCount: events.length };
    return this.#post(plan, composeMessage(events, this.#options.message), signal);
  }

  test(signal: AbortSignal): Promise<Attempt> {
    const { newId, now, source, message } = this.#options;
    const plan = { id: newId(), isTest: true, attempt: 1, first: 0, last: 0, eventCount: 0 };
    return this.#post(plan, composeTest(message, { id: plan.id, time: now(), source }), signal);
  }

  /** Closes the connection; call it when nothing is under way any more. */
  async close(): Promise<void> {
    await this.#poster?.close();
  }

  async #post(plan: Plan, message: OutgoingMessage, signal: AbortSignal): Promise<Attempt> {
    const { webhook, now } = this.#options;
    const time = now();
    if (webhook.url === "") return fail({ ...plan, time, durationMs: 0 }, "the webhook has no url");
    const { body } = message;
    const headers = signatureHeaders({ id: plan.id, timeMs: time, body, keys: webhook.secrets });
    const answer = await this.#send(plan, message, { headers, signal });
    const delivery = { ...plan, time, durationMs: Math.max(now() - time, 0) };
    if (answer.kind === "failed")
      return signal.aborted ? { kind: "cancelled" } : fail(delivery, answer.error);
    const { status, retryAfterMs } = answer;
    // As distribution has it: any 2xx, and any 3xx that is left when redirects were followed.
    if (status >= 200 && status < 400) return { kind: "delivered", delivery: { ...delivery, status } };
    const failure = fail({ ...delivery, status }, `the receiver answered ${status}`);
    return retryAfterMs === undefined ? failure : { ...failure, retryAfterMs };
  }

  /** A test goes over a connection of its own: it must not wait for a delivery that hangs, nor disturb it. */
  async #send(
    { isTest }: Plan,
    message: OutgoingMessage,
    options: Parameters<Poster["post"]>[1],
  ): ReturnType<Poster["post"]> {
    if (!isTest) {
      this.#poster ??= this.#newPoster();
      return this.#poster.post(message, options);
    }
    const poster = this.#newPoster();
    try {
      return await poster.post(message, options);
    } finally {
      await poster.close();
    }
  }

  #newPoster(): Poster {
    const { webhook, userAgent, now } = this.#options;
    const { url, headers, timeoutMs } = webhook;
    return new Poster({ url, headers, timeoutMs, userAgent, now });
  }
}

function fail(delivery: DeliveryRecord, error: string) {
  return { kind: "failed", delivery: { ...delivery, error } } as const;
}

/** The same for the same events, so that a receiver knows a delivery that it has had. */
function deliveryId([first, ...others]: Events): string {
  const { id } = first.event;
  return others.length === 0 ? id : `${id}-${others.length + 1}`;
}

// Webhooks, their attempts and their dead letters as protobuf.
import { create } from "@bufbuild/protobuf";
import { type Duration, durationFromMs } from "@bufbuild/protobuf/wkt";
import {
  type DeadLetter,
  DeadLetterSchema,
  type Delivery,
  DeliverySchema,
  type Webhook,
  Webhook_State,
  type WebhookFailure,
  WebhookFailureSchema,
  WebhookSchema,
  type WebhookSettings,
  WebhookSettingsSchema,
} from "../gen/stowage/v1/webhook_pb.ts";
import type { Notifier } from "../notify/notifier.ts";
import type { WebhookStatus } from "../notify/webhook-status.ts";
import { timeMessage } from "./convert.ts";
import { eventMessage } from "./event-message.ts";

type DeliveryRecord = ReturnType<Notifier["deliveries"]>[number];
type DeadLetterRecord = Awaited<ReturnType<Notifier["listDeadLetters"]>>["letters"][number];
type FailureRecord = NonNullable<WebhookStatus["record"]["failure"]>;

const STATES: Readonly<Record<WebhookStatus["state"], Webhook_State>> = {
  active: Webhook_State.ACTIVE,
  retrying: Webhook_State.RETRYING,
  paused: Webhook_State.PAUSED,
  disabled: Webhook_State.DISABLED,
};

/** The longest that protobuf knows: about 10,000 years. */
const MAX_DURATION_MS = 315_576_000_000_000;

const MAX_INT32 = 2 ** 31 - 1;

export function webhookMessage({ name, url, state, record, settings, ...counts }: WebhookStatus): Webhook {
  const {
    sequence,
    delivered,
    failedAttempts,
    givenUp,
    missed,
    dropped = 0,
    lastSuccessTime,
    failure,
  } = record;
  return create(WebhookSchema, {
    name,
    url,
    state: STATES[state],
    cursor: String(sequence),
    lag: BigInt(counts.lag),
    deliveredEvents: BigInt(delivered),
    failedAttempts: BigInt(failedAttempts),
    givenUpEvents: BigInt(givenUp),
    missedEvents: BigInt(missed),
    droppedDeadLetters: BigInt(dropped),
    deadLetters: BigInt(counts.deadLetters),
    missedAhead: BigInt(counts.missedAhead),
    ...(lastSuccessTime !== undefined && { lastSuccessTime: timeMessage(lastSuccessTime) }),
    ...(failure !== undefined && { failure: failureMessage(failure) }),
    settings: settingsMessage(settings),
  });
}

/** `deliveries` of NotificationService; those of event streams are in delivery-message.ts. */
export function attemptMessage(record: DeliveryRecord): Delivery {
  const { id, time, durationMs, isTest, attempt, first, last, eventCount, status = 0, error = "" } = record;
  return create(DeliverySchema, {
    deliveryId: id,
    time: timeMessage(time),
    duration: durationMessage(durationMs),
    test: isTest,
    attempt,
    firstCursor: isTest ? "" : String(first),
    lastCursor: isTest ? "" : String(last),
    eventCount,
    status,
    error,
  });
}

export function deadLetterMessage(letter: DeadLetterRecord): DeadLetter {
  const { sequence, time, attempts, status = 0, error } = letter;
  return create(DeadLetterSchema, {
    deadLetterId: String(sequence),
    event: eventMessage(letter, { withReferences: false }),
    time: timeMessage(time),
    attempts,
    status,
    error,
  });
}

function failureMessage(failure: FailureRecord): WebhookFailure {
  const { attempts, since, nextAttemptTime, status = 0, error } = failure;
  return create(WebhookFailureSchema, {
    attempts,
    since: timeMessage(since),
    nextAttemptTime: timeMessage(nextAttemptTime),
    status,
    error,
  });
}

function settingsMessage(settings: WebhookStatus["settings"]): WebhookSettings {
  const { format, batch, threshold, signingKeys, giveUp, filter } = settings;
  return create(WebhookSettingsSchema, {
    format,
    batch,
    timeout: durationMessage(settings.timeoutMs),
    threshold: Math.min(threshold, MAX_INT32),
    backoff: durationMessage(settings.backoffMs),
    maxBackoff: durationMessage(settings.maxBackoffMs),
    headerNames: [...settings.headerNames],
    signingKeys,
    giveUpAttempts: Math.min(giveUp.attempts ?? 0, MAX_INT32),
    ...(giveUp.ageMs !== undefined && { giveUpAge: durationMessage(giveUp.ageMs) }),
    giveUpStatuses: [...giveUp.statuses],
    ignoredMediaTypes: [...settings.ignoredMediaTypes],
    ignoredActions: [...settings.ignoredActions],
    filter: {
      repositories: [...filter.repositories],
      kinds: [...filter.kinds],
      mediaTypes: [...filter.mediaTypes],
      artifactTypes: [...filter.artifactTypes],
      tags: [...filter.tags],
    },
  });
}

/** In whole nanoseconds: the configuration may say "0.3ms", which no number of milliseconds is exactly. */
function durationMessage(milliseconds: number): Duration {
  const whole = Math.floor(Math.min(milliseconds, MAX_DURATION_MS));
  const message = durationFromMs(whole);
  return { ...message, nanos: message.nanos + Math.round(Math.min(milliseconds - whole, 0.999_999) * 1e6) };
}

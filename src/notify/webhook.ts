// One webhook as the notifier has it: its loop and all that is remembered of it, and
// how it is looked at and steered.
import type { WebhookConfig } from "../config/webhook.ts";
import { parseEventFilter } from "../core/event-filter.ts";
import type { EventLog, EventRecord } from "../core/events.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { DeliveryRecord, SourceRecord } from "../metadata/records.ts";
import { RegistryError } from "../oci/errors.ts";
import { Courier } from "./courier.ts";
import { type DeadLetterPage, DeadLetters } from "./dead-letters.ts";
import { Endpoint } from "./endpoint.ts";
import { EventPicker } from "./event-picker.ts";
import { isAnnounced, type MessageOptions } from "./message.ts";
import { FailureLog, type NotifierLog } from "./notifier-log.ts";
import { firstSeen } from "./progress.ts";
import { type Redelivery, type RedeliveryRequest, redeliver } from "./redelivery.ts";
import type { Wait } from "./waits.ts";
import { SAVE_INTERVALS, WebhookState } from "./webhook-state.ts";
import { type WebhookStatus, webhookStatus } from "./webhook-status.ts";

/** What all webhooks share. */
export interface WebhookContext {
  readonly metadata: MetadataStore;
  readonly events: EventLog;
  readonly includeReferences: boolean;
  readonly source: SourceRecord;
  readonly userAgent: string;
  readonly now: () => number;
  readonly newId: () => string;
  readonly log: NotifierLog;
  readonly wait: Wait;
  readonly random: () => number;
}

export class Webhook {
  readonly options: WebhookConfig;
  readonly #context: WebhookContext;
  readonly #message: MessageOptions;
  readonly #state: WebhookState;
  readonly #courier: Courier;
  readonly #letters: DeadLetters;
  readonly #endpoint: Endpoint;
  readonly #log: FailureLog;
  /** The place at which retention overtook it, as far as was told. */
  #overtakenAt: number | undefined;

  private constructor(context: WebhookContext, options: WebhookConfig, state: WebhookState) {
    const { metadata, events, includeReferences, log, now, random, wait } = context;
    const { format, ignoredActions, ignoredMediaTypes, name } = options;
    const message = { format, ignoredActions, ignoredMediaTypes, includeReferences };
    const filter = parseEventFilter(options.filter);
    const passes = (event: EventRecord) => isAnnounced(event, message) && filter.passes(event);
    this.options = options;
    this.#context = context;
    this.#message = message;
    this.#state = state;
    this.#courier = new Courier({ ...context, webhook: options, message });
    this.#letters = new DeadLetters(metadata, name);
    this.#log = new FailureLog(log, options, state.record.failure);
    this.#endpoint = new Endpoint({
      options,
      state,
      events,
      picker: new EventPicker(events, passes),
      courier: this.#courier,
      letters: this.#letters,
      log: this.#log,
      now,
      random,
      wait,
    });
  }

  /** Resolves when the webhook has a place in the log that is durable: the one it had, or the log's end. */
  static async open(context: WebhookContext, options: WebhookConfig): Promise<Webhook> {
    const { metadata, events, log, now } = context;
    const { name, deliveryLogSize } = options;
    const initial = () => firstSeen(events.lastSequence(), now());
    const state = await WebhookState.open({ metadata, log, name, deliveryLogSize, initial });
    const webhook = new Webhook(context, options, state);
    await webhook.#letters.count();
    return webhook;
  }

  begin(): void {
    this.#endpoint.begin();
  }

  close(graceMs: number): Promise<void> {
    return this.#endpoint.close(graceMs);
  }

  get status(): WebhookStatus {
    const { events } = this.#context;
    return webhookStatus(this.options, this.#state.record, {
      last: events.lastSequence(),
      trimmed: events.trimmedSequence(),
      deadLetters: this.#letters.known,
      counts: this.#state.counts.figures,
    });
  }

  /** The last attempts, oldest first. */
  get deliveries(): readonly DeliveryRecord[] {
    return this.#state.deliveries;
  }

  /** The events behind this are still needed. */
  get neededBehind(): number {
    return this.#state.neededBehind;
  }

  async pause(): Promise<WebhookStatus> {
    await this.#endpoint.pause();
    return this.#steered("a webhook was paused");
  }

  async resume(): Promise<WebhookStatus> {
    await this.#endpoint.resume();
    return this.#steered("a webhook was resumed");
  }

  async replay(sequence: number): Promise<WebhookStatus> {
    await this.#endpoint.replay(sequence);
    return this.#steered("a webhook was sent to another place in the log", sequence);
  }

  /** To be called when events were removed: warns, once for each place, when it stands still and has lost some. */
  noteRemoved(): void {
    const { state, missedAhead, record } = this.status;
    if (state !== "paused" && state !== "retrying") return; // one that delivers finds out by itself
    if (missedAhead === 0 || record.sequence === this.#overtakenAt) return;
    this.#overtakenAt = record.sequence;
    this.#log.overtaken(missedAhead);
  }

  #steered(message: string, cursor = this.#state.record.sequence): WebhookStatus {
    this.#context.log.info({ webhook: this.options.name, cursor }, message);
    return this.status;
  }

  /** Posts a message without events, also beside a delivery that is under way. Throws UNAVAILABLE at shutdown. */
  async test(signal: AbortSignal): Promise<DeliveryRecord> {
    const attempt = await this.#courier.test(AbortSignal.any([signal, this.#endpoint.breakOff]));
    if (attempt.kind === "cancelled")
      throw new RegistryError("UNAVAILABLE", {}, { message: "the test was broken off" });
    this.#state.noteDelivery(attempt.delivery);
    this.#state.saveSoon(SAVE_INTERVALS.delivering);
    return attempt.delivery;
  }

  listDeadLetters(page: { readonly after?: string; readonly limit: number }): Promise<DeadLetterPage> {
    return this.#letters.list(page);
  }

  redeliverDeadLetters(request: RedeliveryRequest): Promise<Redelivery> {
    // What was ignored when it was put aside would not be there: only the form counts.
    const anything = { ...this.#message, ignoredActions: [], ignoredMediaTypes: [] };
    const parts = {
      endpoint: this.#endpoint,
      letters: this.#letters,
      courier: this.#courier,
      state: this.#state,
      now: this.#context.now,
      hasForm: (event: EventRecord) => isAnnounced(event, anything),
    };
    return redeliver(parts, request);
  }

  /** Forgets those; none given: all. Resolves to how many. Throws DEAD_LETTER_UNKNOWN, having changed nothing. */
  async deleteDeadLetters(ids: readonly string[]): Promise<number> {
    const commit = (changes: Parameters<MetadataStore["commit"]>[0]["changes"]) =>
      this.#context.metadata.commit({ changes });
    if (ids.length === 0) return this.#letters.clear(commit);
    return this.#letters.remove(await this.#letters.resolve(ids), commit);
  }
}

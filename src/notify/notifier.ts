// The post room: carries what happened to the webhooks of the configuration. Each has
// a place of its own in the event log, which is kept on the disk; whatever happens
// behind it is delivered at least once, in order, unless the configuration says when
// to give up.
import type { WebhookConfig } from "../config/webhook.ts";
import type { EventLog, EventStart } from "../core/events.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { DeliveryRecord, SourceRecord } from "../metadata/records.ts";
import { RegistryError } from "../oci/errors.ts";
import type { DeadLetterPage } from "./dead-letters.ts";
import type { NotifierLog } from "./notifier-log.ts";
import type { Redelivery, RedeliveryRequest } from "./redelivery.ts";
import { type Wait, wait } from "./waits.ts";
import type { Webhook, WebhookContext } from "./webhook.ts";
import type { WebhookStatus } from "./webhook-status.ts";

export interface NotifierOptions {
  readonly metadata: MetadataStore;
  readonly events: EventLog;
  readonly webhooks: readonly WebhookConfig[];
  /** True: a push of a manifest lists what the manifest refers to. */
  readonly includeReferences: boolean;
  /** This process, as test messages name it. */
  readonly source: SourceRecord;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** A new UUID of version 7. */
  readonly newId: () => string;
  readonly log: NotifierLog;
  /** What POSTs say who sends them. Absent: "stowage". */
  readonly userAgent?: string;
  /** How long a POST under way may take at the end, in milliseconds. Absent: 5 seconds. */
  readonly graceMs?: number;
  /** How it waits between attempts. Absent: as long as it should. */
  readonly wait?: Wait;
  /** From 0 up to, but not including, 1. Absent: Math.random. */
  readonly random?: () => number;
}

const GRACE_MS = 5000;

export class Notifier {
  readonly #options: NotifierOptions;
  /** In the configuration's order. Empty until it was opened. */
  readonly #webhooks = new Map<string, Webhook>();

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /**
   * Resolves when every webhook has a place in the log: one that was never seen begins with
   * what happens after that. Nothing is delivered yet. Throws KIND_INVALID, FILTER_INVALID.
   */
  async open(): Promise<void> {
    const { userAgent = "stowage", random = Math.random, ...options } = this.#options;
    const context = { wait, ...options, userAgent, random };
    // A disabled one may lack a name; nobody can ask for it, and it has no place to keep.
    const named = options.webhooks.filter(({ name }) => name !== "");
    const opened = await Promise.all(named.map((webhook) => openWebhook(context, webhook)));
    for (const webhook of opened) {
      this.#webhooks.set(webhook.options.name, webhook);
      this.#introduce(webhook.status);
    }
  }

  /** Begins to deliver. Asking twice is asking once. */
  begin(): void {
    for (const webhook of this.#webhooks.values()) webhook.begin();
  }

  /** Begins nothing new, lets POSTs under way finish for a while, and saves every place. May be called again. */
  async close(): Promise<void> {
    const { graceMs = GRACE_MS } = this.#options;
    await Promise.all([...this.#webhooks.values()].map((webhook) => webhook.close(graceMs)));
  }

  /**
   * The places in the log of all webhooks that may need what lies behind them: also paused
   * and failing ones, but not those that are disabled or gone from the configuration.
   */
  positions(): readonly number[] {
    return [...this.#webhooks.values()]
      .filter(({ options }) => !options.disabled)
      .map(({ neededBehind }) => neededBehind);
  }

  /** To be called when events were removed from the log: warns of webhooks that are paused or fail and lost some. */
  noteRemoved(): void {
    for (const webhook of this.#webhooks.values()) webhook.noteRemoved();
  }

  /** All webhooks, in the configuration's order. */
  list(): readonly WebhookStatus[] {
    return [...this.#webhooks.values()].map(({ status }) => status);
  }

  /** This and all below throw WEBHOOK_UNKNOWN. */
  get(name: string): WebhookStatus {
    return this.#webhook(name).status;
  }

  /** Posts a message without consequences, once. That the receiver fails is no error. */
  async test(name: string, signal: AbortSignal): Promise<DeliveryRecord> {
    return this.#webhook(name).test(signal);
  }

  /** Stops delivering; an attempt under way is completed. Durable when it resolves. */
  async pause(name: string): Promise<WebhookStatus> {
    return this.#webhook(name).pause();
  }

  /** Goes on delivering, at once also where it waited after a failure. Durable when it resolves. */
  async resume(name: string): Promise<WebhookStatus> {
    return this.#webhook(name).resume();
  }

  /** Goes on from another place in the log. Durable when it resolves. Throws CURSOR_INVALID, CURSOR_EXPIRED. */
  async replay(name: string, start: EventStart): Promise<WebhookStatus> {
    const webhook = this.#webhook(name);
    return webhook.replay(await this.#options.events.resolve(start));
  }

  /** The last attempts, newest first. */
  deliveries(name: string): readonly DeliveryRecord[] {
    return this.#webhook(name).deliveries.toReversed();
  }

  /** A page of events that were given up, oldest first. */
  async listDeadLetters(
    name: string,
    page: { readonly after?: string; readonly limit: number },
  ): Promise<DeadLetterPage> {
    return this.#webhook(name).listDeadLetters(page);
  }

  /** Tries events that were given up once more. Throws DEAD_LETTER_UNKNOWN. */
  async redeliverDeadLetters(name: string, request: RedeliveryRequest): Promise<Redelivery> {
    return this.#webhook(name).redeliverDeadLetters(request);
  }

  /** Forgets events that were given up; none named: all. Resolves to how many. Throws DEAD_LETTER_UNKNOWN. */
  async deleteDeadLetters(name: string, ids: readonly string[]): Promise<number> {
    return this.#webhook(name).deleteDeadLetters(ids);
  }

  #webhook(name: string): Webhook {
    const webhook = this.#webhooks.get(name);
    if (webhook !== undefined) return webhook;
    const shown = name.slice(0, 80);
    const message = `no webhook is called "${shown}"`;
    throw new RegistryError("WEBHOOK_UNKNOWN", { webhook: shown }, { message });
  }

  #introduce({ name, url, state, lag, settings }: WebhookStatus): void {
    const { format, signingKeys } = settings;
    const fields = { webhook: name, url, format, state, signed: signingKeys > 0, lag };
    this.#options.log.info(fields, "a webhook is configured");
  }
}

/** What delivers, and the HTTP client with it, takes its memory only where there are webhooks. */
async function openWebhook(context: WebhookContext, options: WebhookConfig): Promise<Webhook> {
  const { Webhook } = await import("./webhook.ts");
  return Webhook.open(context, options);
}

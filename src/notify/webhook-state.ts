// What is remembered of a webhook: in memory at once, on the disk a little later.
// It has one owner, so a save expects nothing and can never meet a conflict.
import { deliveriesKey, webhookKey } from "../metadata/keys.ts";
import { type Change, type MetadataStore, put } from "../metadata/metadata-store.ts";
import type { DeliveryRecord, WebhookRecord } from "../metadata/records.ts";
import { DeliveryCounts } from "./delivery-counts.ts";
import { Lane } from "./lane.ts";
import type { NotifierLog } from "./notifier-log.ts";

/** How far apart saves are at least, in milliseconds. */
export const SAVE_INTERVALS = {
  /** Everything was delivered: the place is saved almost at once. */
  caughtUp: 50,
  /** More waits: what a crash makes us repeat is what was delivered in this time. */
  delivering: 200,
  /** Nothing was for it: what a crash makes us repeat is looking. */
  skipping: 1000,
  /** A save failed: soon enough, and not so soon that it fills the log. */
  afterFailure: 5000,
} as const;

export interface WebhookStateOptions {
  readonly name: string;
  readonly metadata: MetadataStore;
  readonly log: NotifierLog;
  /** How many attempts are kept. */
  readonly deliveryLogSize: number;
  /** What a webhook that was never seen begins with. */
  readonly initial: () => WebhookRecord;
}

interface Remembered {
  readonly record: WebhookRecord;
  /** Oldest first. */
  readonly deliveries: readonly DeliveryRecord[];
}

export class WebhookState {
  readonly counts = new DeliveryCounts();
  readonly #options: WebhookStateOptions;
  readonly #saves = new Lane();
  #current: Remembered;
  /** What is durable. Undefined: nothing yet. */
  #saved: Remembered | undefined;
  #timer: { readonly handle: NodeJS.Timeout; readonly due: number } | undefined;
  #isSaving = false;
  #hasFailed = false;
  #lastSave = -Infinity;
  #isClosed = false;

  private constructor(options: WebhookStateOptions, current: Remembered, isNew: boolean) {
    this.#options = options;
    this.#current = current;
    this.#saved = isNew ? undefined : current;
  }

  /** Resolves when the webhook has a record that is durable. */
  static async open(options: WebhookStateOptions): Promise<WebhookState> {
    const { metadata, name, deliveryLogSize } = options;
    const record = await metadata.get(webhookKey(name));
    const log = await metadata.get(deliveriesKey(name));
    const deliveries = lastOf(log?.deliveries ?? [], deliveryLogSize);
    const current = { record: record ?? options.initial(), deliveries };
    const state = new WebhookState(options, current, record === undefined);
    await state.save();
    return state;
  }

  get record(): WebhookRecord {
    return this.#current.record;
  }

  /** The last attempts, oldest first. */
  get deliveries(): readonly DeliveryRecord[] {
    return this.#current.deliveries;
  }

  /** Everything behind this may still be needed, also after a crash. */
  get neededBehind(): number {
    return Math.min(this.record.sequence, this.#saved?.record.sequence ?? this.record.sequence);
  }

  update(change: (record: WebhookRecord) => WebhookRecord): void {
    this.#current = { ...this.#current, record: change(this.record) };
  }

  noteDelivery(delivery: DeliveryRecord): void {
    this.counts.note(delivery);
    const deliveries = lastOf([...this.deliveries, delivery], this.#options.deliveryLogSize);
    this.#current = { ...this.#current, deliveries };
  }

  /** Makes durable what is remembered now. */
  save(): Promise<void> {
    return this.#saves.run(() => (this.#isDirty ? this.#commit(this.#current, []) : Promise.resolve()));
  }

  /**
   * Makes the change and others durable in one commit, or none of them. `change` is
   * asked twice, as more may have been remembered until the commit is done.
   */
  saveWith(change: (record: WebhookRecord) => WebhookRecord, changes: readonly Change[]): Promise<void> {
    return this.#saves.run(async () => {
      const before = this.#current;
      const after = { ...before, record: change(before.record) };
      await this.#commit(after, changes);
      if (this.#current === before) this.#current = after;
      else this.update(change);
    });
  }

  /** Has a save begun at once or, where the last one is less than so many milliseconds ago, when it is not. */
  saveSoon(intervalMs: number): void {
    const interval = this.#hasFailed ? Math.max(intervalMs, SAVE_INTERVALS.afterFailure) : intervalMs;
    const due = Math.max(performance.now(), this.#lastSave + interval);
    if (this.#isClosed || (this.#timer !== undefined && this.#timer.due <= due)) return;
    clearTimeout(this.#timer?.handle);
    const handle = setTimeout(() => void this.#saveNow(), Math.max(due - performance.now(), 0));
    this.#timer = { handle, due };
  }

  /** Saves a last time, if that is possible; nothing is saved any more after that. Never throws. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer?.handle);
    await this.save().catch((error: unknown) => this.#warn(error));
  }

  get #isDirty(): boolean {
    return this.record !== this.#saved?.record || this.deliveries !== this.#saved.deliveries;
  }

  async #saveNow(): Promise<void> {
    this.#timer = undefined;
    if (this.#isSaving) return; // who saves now looks again
    this.#isSaving = true;
    try {
      await this.save();
      this.#hasFailed = false;
    } catch (error) {
      this.#hasFailed = true;
      this.#warn(error);
    } finally {
      this.#isSaving = false;
    }
    if (this.#isDirty) this.saveSoon(SAVE_INTERVALS.delivering);
  }

  #warn(error: unknown): void {
    this.#options.log.warn(
      { webhook: this.#options.name, err: error },
      "the webhook's place could not be saved; deliveries may be repeated after a restart",
    );
  }

  async #commit(state: Remembered, changes: readonly Change[]): Promise<void> {
    const { metadata, name } = this.#options;
    this.#lastSave = performance.now();
    await metadata.commit({
      changes: [
        put(webhookKey(name), state.record),
        ...(state.deliveries === this.#saved?.deliveries
          ? []
          : [put(deliveriesKey(name), { deliveries: state.deliveries })]),
        ...changes,
      ],
    });
    this.#saved = state;
  }
}

function lastOf<T>(list: readonly T[], count: number): readonly T[] {
  return list.length <= count ? list : list.slice(list.length - count);
}

// Named consumers: places in the event log that the registry remembers. Any number
// may be acknowledged at once; each has one subscriber at a time, the latest.
import { consumerCountKey, consumerKey, consumers, consumersOfKey } from "../metadata/keys.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { ConsumerRecord } from "../metadata/records.ts";
import { type Transaction, transact } from "../metadata/transaction.ts";
import { RegistryError } from "../oci/errors.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import type { Delivery, EventLog, EventStart, SubscriptionRequest, SubscriptionStart } from "./events.ts";
import { type Page, type PageRequest, pageOf } from "./page.ts";

/** A named consumer and how far it has come. */
export interface Consumer extends ConsumerRecord {
  readonly name: string;
  /** How many events the log holds behind its sequence. */
  readonly lag: number;
  /** True: somebody subscribes as it now, in this process. */
  readonly isConnected: boolean;
  /** True: events that it has not had were removed. */
  readonly isExpired: boolean;
}

export interface ConsumersOptions {
  readonly metadata: MetadataStore;
  readonly events: EventLog;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** How many consumers there may be. Absent: 10,000. */
  readonly most?: number;
  /** How many of them one caller may have. Absent: 1000. */
  readonly mostOfOne?: number;
}

/** A subscription as a consumer. Without a start it continues behind what was acknowledged. */
export interface ConsumerSubscription extends Omit<SubscriptionRequest, "start"> {
  readonly name: string;
  readonly start?: SubscriptionStart;
  readonly caller?: ConsumerCaller;
}

/** Who asks. Consumers of others are as if they were not there, but for who may administrate the registry. */
export interface ConsumerCaller {
  readonly id: string;
  readonly isAdmin: boolean;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Anybody may make one, and each stays until it is deleted. */
const MOST = 10_000;

/** How many one caller may have. */
const MOST_OF_ONE = 1000;

/** How many consumers are read at once. */
const BATCH = 1000;

export class Consumers {
  readonly #options: ConsumersOptions;
  readonly #acknowledgements = new Acknowledgements((name, sequence) => this.#write(name, sequence));
  /** Who subscribes as whom: abort with the error that the stream shall end with. */
  readonly #connected = new Map<string, AbortController>();

  constructor(options: ConsumersOptions) {
    this.#options = options;
  }

  /**
   * Makes a consumer, or finds it as it is. Throws CONSUMER_INVALID and, if it is new, CONSUMER_LIMIT, CURSOR_INVALID,
   * CURSOR_EXPIRED; DENIED when it is somebody else's.
   */
  async create(
    name: string,
    start: EventStart,
    caller?: ConsumerCaller,
  ): Promise<{ readonly consumer: Consumer; readonly created: boolean }> {
    const { metadata, events, now, most = MOST } = this.#options;
    checkName(name);
    return transact(metadata, async (transaction) => {
      const key = consumerKey(name);
      const known = await transaction.get(key);
      if (known !== undefined && !mayUse(known, caller)) throw foreignConsumer(name);
      if (known !== undefined) return { consumer: this.#describe(name, known), created: false };
      if (((await transaction.get(consumerCountKey)) ?? 0) >= most) throw consumerLimit(most);
      if (caller !== undefined) await this.#takeShare(transaction, caller);
      const record: ConsumerRecord = {
        sequence: await events.resolve(start),
        createTime: now(),
        ...(caller !== undefined && { owner: caller.id }),
      };
      transaction.put(key, record);
      transaction.add(consumerCountKey, 1);
      return { consumer: this.#describe(name, record), created: true };
    });
  }

  /** Durable when it resolves; what was acknowledged already changes nothing. Throws CONSUMER_UNKNOWN, CURSOR_INVALID. */
  async acknowledge(name: string, sequence: number, caller?: ConsumerCaller): Promise<Consumer> {
    const record = await this.#demand(name, caller);
    this.#options.events.checkGiven(sequence);
    if (sequence <= record.sequence) return this.#describe(name, record);
    return this.#describe(name, await this.#acknowledgements.add(name, sequence));
  }

  /** The caller's, in order of their names. */
  async list({ after, limit }: PageRequest, caller?: ConsumerCaller): Promise<Page<Consumer>> {
    const { metadata } = this.#options;
    const known: { readonly name: string; readonly record: ConsumerRecord }[] = [];
    let place = after;
    while (known.length <= limit) {
      const start = place === undefined ? {} : { after: place };
      const entries = await metadata.page(consumers, { limit: BATCH, ...start });
      for (const { name, record } of entries)
        if (record !== undefined && mayUse(record, caller)) known.push({ name, record });
      place = entries.at(-1)?.name;
      if (entries.length < BATCH) break;
    }
    return pageOf(known, limit, ({ name, record }) => this.#describe(name, record));
  }

  /** Forgets a consumer and ends its stream. Throws CONSUMER_UNKNOWN. */
  async delete(name: string, caller?: ConsumerCaller): Promise<void> {
    await transact(this.#options.metadata, async (transaction) => {
      const key = consumerKey(name);
      const known = NAME.test(name) ? await transaction.get(key) : undefined;
      if (known === undefined || !mayUse(known, caller)) throw consumerUnknown(name);
      transaction.remove(key);
      if (known.owner !== undefined) transaction.add(consumersOfKey(known.owner), -1);
      // Consumers of before they were counted must be deletable too.
      if ((await transaction.get(consumerCountKey)) !== undefined) transaction.add(consumerCountKey, -1);
    });
    this.#connected.get(name)?.abort(consumerUnknown(name));
  }

  /**
   * Subscribes as a consumer, in place of who does so now. Throws CONSUMER_UNKNOWN, also when it is deleted meanwhile;
   * CONSUMER_TAKEN when somebody else comes; REQUEST_INVALID for a start of one's own; and what EventLog.subscribe does.
   */
  async *subscribe({
    name,
    start,
    caller,
    ...request
  }: ConsumerSubscription): AsyncGenerator<Delivery, void, undefined> {
    const own = start === undefined || start.kind === "snapshot" ? start : refuse(start);
    const first = await this.#demand(name, caller);
    // Who cannot continue takes nobody's place.
    if (own === undefined) await this.#options.events.resolve({ kind: "after", sequence: first.sequence });
    using seat = this.#take(name, request.signal);
    const { sequence } = await this.#demand(name, caller); // who deletes it from now on sees us
    yield* this.#options.events.subscribe({
      ...request,
      signal: seat.signal,
      start: own ?? { kind: "after", sequence },
    });
    if (seat.signal.reason instanceof RegistryError) throw seat.signal.reason;
  }

  /** Ends the stream of who subscribes as it now. The seat's signal aborts when it is over. */
  #take(name: string, signal: AbortSignal): Disposable & { readonly signal: AbortSignal } {
    this.#connected.get(name)?.abort(consumerTaken(name));
    const controller = new AbortController();
    const end = () => controller.abort(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener("abort", end);
    this.#connected.set(name, controller);
    return {
      signal: controller.signal,
      [Symbol.dispose]: () => {
        signal.removeEventListener("abort", end);
        if (this.#connected.get(name) === controller) this.#connected.delete(name);
      },
    };
  }

  #write(name: string, sequence: number): Promise<ConsumerRecord> {
    const { metadata, now } = this.#options;
    return transact(metadata, async (transaction) => {
      const key = consumerKey(name);
      const known = await transaction.get(key);
      if (known === undefined) throw consumerUnknown(name);
      if (sequence <= known.sequence) return known;
      const record = { ...known, sequence, acknowledgeTime: now() };
      transaction.put(key, record);
      return record;
    });
  }

  async #takeShare(transaction: Transaction, { id, isAdmin }: ConsumerCaller): Promise<void> {
    const { mostOfOne = MOST_OF_ONE } = this.#options;
    const key = consumersOfKey(id);
    if (((await transaction.get(key)) ?? 0) >= mostOfOne && !isAdmin) throw consumerLimit(mostOfOne);
    transaction.add(key, 1);
  }

  async #demand(name: string, caller: ConsumerCaller | undefined): Promise<ConsumerRecord> {
    const record = NAME.test(name) ? await this.#options.metadata.get(consumerKey(name)) : undefined;
    if (record === undefined || !mayUse(record, caller)) throw consumerUnknown(name);
    return record;
  }

  #describe(name: string, record: ConsumerRecord): Consumer {
    const { events } = this.#options;
    const trimmed = events.trimmedSequence();
    return {
      ...record,
      name,
      lag: Math.max(0, events.lastSequence() - Math.max(record.sequence, trimmed)),
      isConnected: this.#connected.has(name),
      isExpired: record.sequence < trimmed,
    };
  }
}

/** Up to where each consumer has acknowledged. */
export async function consumerSequences(metadata: MetadataStore): Promise<readonly number[]> {
  const found: number[] = [];
  let after: string | undefined;
  do {
    const entries = await metadata.page(consumers, { limit: BATCH, ...(after !== undefined && { after }) });
    found.push(...entries.flatMap(({ record }) => (record === undefined ? [] : [record.sequence])));
    after = entries.length < BATCH ? undefined : entries.at(-1)?.name;
  } while (after !== undefined);
  return found;
}

/** Nobody asked for names, or it is the caller's own. */
function mayUse({ owner }: ConsumerRecord, caller: ConsumerCaller | undefined): boolean {
  return caller === undefined || caller.isAdmin || owner === caller.id;
}

function foreignConsumer(name: string): RegistryError {
  const message = `consumer "${name}" belongs to somebody else; choose another name`;
  return new RegistryError("DENIED", { consumer: name }, { message });
}

function checkName(name: string): void {
  if (NAME.test(name)) return;
  const shown = name.slice(0, 80);
  const message = `consumer name "${shown}" must be 1 to 128 of A-Z a-z 0-9 . _ - and begin with a letter or digit`;
  throw new RegistryError("CONSUMER_INVALID", { consumer: shown }, { message });
}

function refuse({ kind }: EventStart): never {
  const message = `a consumer continues where it was, or begins anew with a snapshot; it cannot start at "${kind}"`;
  throw new RegistryError("REQUEST_INVALID", {}, { message });
}

function consumerUnknown(name: string): RegistryError {
  const shown = name.slice(0, 128);
  const message = `there is no consumer "${shown}"`;
  return new RegistryError("CONSUMER_UNKNOWN", { consumer: shown }, { message });
}

function consumerLimit(most: number): RegistryError {
  const message = `there are ${most} consumers already; delete one that is not used any more`;
  return new RegistryError("CONSUMER_LIMIT", { limit: String(most) }, { message });
}

function consumerTaken(name: string): RegistryError {
  const message = `somebody else continued as consumer "${name}"`;
  return new RegistryError("CONSUMER_TAKEN", { consumer: name }, { message });
}

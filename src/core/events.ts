// Events: made here, appended in the commit of the change they tell of, and read
// back in order. Nothing is kept in memory: a reader is a number.

import type { LoggedEvent, MetadataStore } from "../metadata/metadata-store.ts";
import type { EventFact, EventKind, EventRecord } from "../metadata/records.ts";
import { RegistryError } from "../oci/errors.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";

export type { EventFact, EventKind, EventRecord };

/** Chooses events; an event must pass every member that is not empty. */
export interface EventFilter {
  readonly repositoryPrefixes: readonly string[];
  readonly kinds: readonly EventKind[];
}

/** Where a subscription begins: "start", "now", or behind a sequence. */
export type EventStart = "start" | "now" | number;

/** What a subscription delivers. `sequence` is always a good place to resume behind. */
export type Delivery =
  | { readonly kind: "ready"; readonly sequence: number }
  | { readonly kind: "event"; readonly sequence: number; readonly event: EventRecord }
  | { readonly kind: "keepalive"; readonly sequence: number };

export interface EventPage {
  readonly events: readonly LoggedEvent[];
  /** Continue behind this. */
  readonly sequence: number;
  /** True: the log went on when the page was made. */
  readonly more: boolean;
}

/** How many events are read from the log at once. */
const BATCH = 256;

/** A page ends before its events name more tags than this, so that it fits into any client's message. */
const MAX_PAGE_TAGS = 10_000;

/** An event about the repository, ready to be appended. */
export function newEvent(context: CoreContext, repository: RepositoryName, fact: EventFact): EventRecord {
  return { id: context.newId(), time: context.now(), repository, fact };
}

export function passes(filter: EventFilter, event: EventRecord): boolean {
  const { kinds, repositoryPrefixes } = filter;
  if (kinds.length > 0 && !kinds.includes(event.fact.kind)) return false;
  return (
    repositoryPrefixes.length === 0 ||
    repositoryPrefixes.some((prefix) => event.repository.startsWith(prefix))
  );
}

function tagCount({ fact }: EventRecord): number {
  return fact.kind === "manifest_pushed" ? fact.tags.length : 0;
}

export class EventLog {
  readonly #metadata: MetadataStore;

  constructor(metadata: MetadataStore) {
    this.#metadata = metadata;
  }

  /** A page of at most `limit` events behind `after` that pass. Throws CURSOR_INVALID for a sequence not yet given out. */
  async list(after: number, filter: EventFilter, limit: number): Promise<EventPage> {
    this.#checkSequence(after);
    const events: LoggedEvent[] = [];
    let sequence = after;
    let tags = 0;
    for (;;) {
      const batch = await this.#metadata.readEvents(sequence, BATCH);
      for (const logged of batch) {
        const passed = passes(filter, logged.event);
        tags += passed ? tagCount(logged.event) : 0;
        if (tags > MAX_PAGE_TAGS && events.length > 0) return { events, sequence, more: true };
        sequence = logged.sequence;
        if (passed && events.push(logged) === limit)
          return { events, sequence, more: sequence < this.#metadata.lastSequence() };
      }
      if (batch.length < BATCH) return { events, sequence, more: false };
    }
  }

  /**
   * Delivers `ready`, then every event that passes, until the signal aborts. After
   * `keepaliveMs` without a delivery comes a keepalive.
   */
  async *subscribe(
    start: EventStart,
    filter: EventFilter,
    options: { readonly signal: AbortSignal; readonly keepaliveMs: number },
  ): AsyncGenerator<Delivery, void, undefined> {
    using bell = new Bell(this.#metadata, options.signal);
    let sequence = this.#startSequence(start);
    yield { kind: "ready", sequence };
    let delivered = Date.now();
    while (!options.signal.aborted) {
      bell.reset();
      const batch = await this.#metadata.readEvents(sequence, BATCH);
      for (const { sequence: at, event } of batch) {
        if (options.signal.aborted) return;
        sequence = at;
        if (!passes(filter, event)) continue;
        yield { kind: "event", sequence, event };
        delivered = Date.now();
      }
      if (batch.length === 0) await bell.wait(delivered + options.keepaliveMs - Date.now());
      if (Date.now() - delivered < options.keepaliveMs || options.signal.aborted) continue;
      yield { kind: "keepalive", sequence };
      delivered = Date.now();
    }
  }

  #startSequence(start: EventStart): number {
    if (start === "start") return 0;
    if (start === "now") return this.#metadata.lastSequence();
    this.#checkSequence(start);
    return start;
  }

  #checkSequence(sequence: number): void {
    const last = this.#metadata.lastSequence();
    if (sequence <= last) return;
    const message = `cursor ${sequence} is behind the end of the log, which is at ${last}`;
    throw new RegistryError("CURSOR_INVALID", { cursor: String(sequence) }, { message });
  }
}

/** Rings when events were appended or the signal aborted. A ring between reset and wait is not lost. */
class Bell implements Disposable {
  readonly #signal: AbortSignal;
  readonly #stop: () => void;
  #rung = false;
  #wake: () => void = () => {};

  constructor(metadata: MetadataStore, signal: AbortSignal) {
    this.#signal = signal;
    this.#stop = metadata.onAppend(this.#ring);
    signal.addEventListener("abort", this.#ring);
  }

  readonly #ring = (): void => {
    this.#rung = true;
    this.#wake();
  };

  reset(): void {
    this.#rung = this.#signal.aborted;
  }

  /** Resolves at the next ring, or after the time in milliseconds. */
  wait(timeoutMs: number): Promise<void> {
    if (this.#rung || timeoutMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  [Symbol.dispose](): void {
    this.#stop();
    this.#signal.removeEventListener("abort", this.#ring);
  }
}

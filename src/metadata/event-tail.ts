// The newest events in memory, so that a thousand subscribers read the same objects
// and none of them goes to the database. What it holds is without gaps; what it does
// not hold is read elsewhere.
import type { LoggedEvent, ReadEventsOptions } from "./metadata-store.ts";
import { decodeEvent } from "./value-form.ts";

export interface EventTailOptions {
  /** At most so many events. */
  readonly maxEvents: number;
  /** At most so many bytes, as they are written. */
  readonly maxBytes: number;
}

/** An event; from bytes only once somebody reads it, and then for all. */
class TailEvent {
  readonly size: number;
  readonly #sequence: number;
  #bytes: Uint8Array | undefined;
  #logged: LoggedEvent | undefined;

  constructor(sequence: number, bytes: Uint8Array) {
    this.size = bytes.length;
    this.#sequence = sequence;
    this.#bytes = bytes;
  }

  get logged(): LoggedEvent {
    if (this.#bytes !== undefined) {
      this.#logged = Object.freeze({ sequence: this.#sequence, event: decodeEvent(this.#bytes) });
      this.#bytes = undefined;
    }
    if (this.#logged === undefined) throw new Error(`event ${this.#sequence} has no content`);
    return this.#logged;
  }
}

export class EventTail {
  readonly #options: EventTailOptions;
  readonly #events = new Map<number, TailEvent>();
  #bytes = 0;
  /** Nothing is held when the last is before the first. */
  #first = 1;
  #last = 0;

  constructor(options: EventTailOptions) {
    this.#options = options;
  }

  /** How many events are held, and their bytes. */
  get size(): { readonly events: number; readonly bytes: number } {
    return { events: this.#events.size, bytes: this.#bytes };
  }

  /** Takes the durable events of one commit, the first of which has this sequence. */
  append(first: number, events: readonly Uint8Array[]): void {
    if (first <= this.#last) return; // a later commit was told of earlier; readers find these elsewhere
    if (first > this.#last + 1) this.#restartAt(first);
    for (const bytes of events) this.#push(bytes);
    while (this.#isTooLarge()) this.#shift();
  }

  /**
   * At most `limit` events behind `after`, in an array of the caller's own; undefined when
   * the tail cannot tell. `last` is the sequence of the newest event there is.
   */
  read(
    after: number,
    limit: number,
    last: number,
    { maxBytes = Number.POSITIVE_INFINITY }: ReadEventsOptions = {},
  ): LoggedEvent[] | undefined {
    const end = Math.min(after + limit, last);
    if (after + 1 < this.#first || end > this.#last) return undefined;
    const events: LoggedEvent[] = [];
    let bytes = 0;
    for (let sequence = after + 1; sequence <= end && bytes < maxBytes; sequence++) {
      const event = this.#events.get(sequence);
      if (event === undefined) return undefined;
      events.push(event.logged);
      bytes += event.size;
    }
    return events;
  }

  /** Lets go of all events up to this one. */
  dropUpTo(sequence: number): void {
    while (this.#first <= Math.min(sequence, this.#last)) this.#shift();
  }

  #restartAt(first: number): void {
    this.#events.clear();
    this.#bytes = 0;
    this.#first = first;
    this.#last = first - 1;
  }

  #push(bytes: Uint8Array): void {
    this.#last++;
    this.#bytes += bytes.length;
    this.#events.set(this.#last, new TailEvent(this.#last, bytes));
  }

  #shift(): void {
    this.#bytes -= this.#events.get(this.#first)?.size ?? 0;
    this.#events.delete(this.#first);
    this.#first++;
  }

  #isTooLarge(): boolean {
    const { maxEvents, maxBytes } = this.#options;
    return this.#events.size > maxEvents || this.#bytes > maxBytes;
  }
}

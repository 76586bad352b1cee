// Picks a webhook's next events out of the log. Between two picks nothing is kept:
// a webhook that is far behind costs a number.
import type { EventLog, EventRecord } from "../core/events.ts";
import type { LoggedEvent } from "../metadata/metadata-store.ts";

export interface Picked {
  /** At most as many as were asked for. */
  readonly events: readonly LoggedEvent[];
  /** Nothing up to here is for the webhook any more. */
  readonly from: number;
  /** Up to here, nothing but the events is for the webhook. */
  readonly last: number;
  /** Everything up to here was removed from the log before it could be looked at. Absent: nothing was. */
  readonly removedUpTo?: number;
}

/** The most events that are read at once. */
const MAX_READ = 256;

/** So many events are looked at before others get their turn; more only for a batch of more. */
const MAX_LOOK = 512;

/** A delivery ends before its events name more tags, blobs and manifests than this. */
const MAX_NAMES = 10_000;

export class EventPicker {
  readonly #log: EventLog;
  readonly #passes: (event: EventRecord) => boolean;

  /** `passes`: whether an event is for the webhook. */
  constructor(log: EventLog, passes: (event: EventRecord) => boolean) {
    this.#log = log;
    this.#passes = passes;
  }

  /** Takes what lies in the log behind `after` now, and waits for nothing; after a long search it may come back empty. */
  async pick(after: number, limit: number): Promise<Picked> {
    const start = await this.#read(after, limit);
    const begin = (start[0]?.sequence ?? Math.max(after, this.#log.trimmedSequence()) + 1) - 1;
    const search = new Search(begin, limit, this.#passes);
    let size = limit;
    for (let page = start; search.take(page) && search.looked < Math.max(MAX_LOOK, limit); ) {
      if (page.length < Math.min(size, MAX_READ)) break;
      // What did not pass costs little to look at, and much to read one by one.
      size *= 2;
      page = await this.#read(search.last, size);
    }
    return { ...search.result, ...(begin > after && { removedUpTo: begin }) };
  }

  #read(after: number, limit: number): Promise<readonly LoggedEvent[]> {
    return this.#log.read(after, Math.min(limit, MAX_READ));
  }
}

/** One pick under way. */
class Search {
  last: number;
  looked = 0;
  readonly #events: LoggedEvent[] = [];
  readonly #limit: number;
  readonly #passes: (event: EventRecord) => boolean;
  #names = 0;

  constructor(begin: number, limit: number, passes: (event: EventRecord) => boolean) {
    this.last = begin;
    this.#limit = limit;
    this.#passes = passes;
  }

  /** False: it has found enough. */
  take(page: readonly LoggedEvent[]): boolean {
    for (const logged of page) {
      if (logged.sequence !== this.last + 1) return false; // the log was trimmed meanwhile; the next pick tells
      if (this.#passes(logged.event) && !this.#add(logged)) return false;
      this.last = logged.sequence;
      this.looked++;
      if (this.#events.length === this.#limit) return false;
    }
    return true;
  }

  get result(): Picked {
    const first = this.#events[0];
    return {
      events: this.#events,
      from: first === undefined ? this.last : first.sequence - 1,
      last: this.last,
    };
  }

  /** False: it would make the delivery too large. */
  #add(logged: LoggedEvent): boolean {
    const { fact } = logged.event;
    this.#names += fact.kind === "manifest_pushed" ? fact.tags.length + (fact.references?.length ?? 0) : 0;
    if (this.#names > MAX_NAMES && this.#events.length > 0) return false;
    this.#events.push(logged);
    return true;
  }
}

// The event log as its readers see it: in order, without gaps, from a place of
// their choice. A reader is a number; nothing is kept for it beyond what it is
// being given.
import type { LoggedEvent, MetadataStore } from "../metadata/metadata-store.ts";
import type { EventFact, EventKind, EventRecord } from "../metadata/records.ts";
import { Audience } from "./audience.ts";
import { Bell } from "./bell.ts";
import type { EventFilter } from "./event-filter.ts";
import { checkGiven, checkKept, cursorExpired, type EventStart, resolveStart } from "./event-start.ts";
import type { SnapshotItem } from "./snapshot-items.ts";
import type { SnapshotLimits } from "./snapshot-lease.ts";
import { subscription } from "./subscription.ts";
import { Turns } from "./turns.ts";

export type { EventFact, EventKind, EventRecord, EventStart, LoggedEvent, SnapshotItem };

/** Where a subscription begins; "snapshot": with all that exists, then the events since. */
export type SubscriptionStart = EventStart | { readonly kind: "snapshot" };

export interface SubscriptionRequest {
  readonly start: SubscriptionStart;
  readonly filter: EventFilter;
  readonly signal: AbortSignal;
  /** A keepalive comes when nothing was delivered for so long, in milliseconds. */
  readonly keepaliveMs: number;
}

/** What a subscription delivers. `sequence` is a good place to resume behind. */
export type Delivery =
  | { readonly kind: "ready"; readonly sequence: number }
  | { readonly kind: "event"; readonly sequence: number; readonly event: EventRecord }
  /** Without a sequence while a snapshot is being told, which cannot be resumed. */
  | { readonly kind: "keepalive"; readonly sequence?: number }
  | { readonly kind: "snapshot_item"; readonly item: SnapshotItem }
  | { readonly kind: "snapshot_end"; readonly sequence: number };

export interface ListRequest {
  readonly start: EventStart;
  readonly filter: EventFilter;
  /** At most this many events; at least 1. */
  readonly limit: number;
  /** True: the reader wants to see what pushed manifests refer to, so that counts. */
  readonly withReferences: boolean;
}

export interface EventPage {
  readonly events: readonly LoggedEvent[];
  /** Continue behind this. */
  readonly sequence: number;
  /** True: the log went on when the page was made. */
  readonly more: boolean;
}

export interface EventLogOptions {
  readonly snapshotLimits?: SnapshotLimits;
}

/** How many events a list reads from the log at once. */
const BATCH = 256;

/** Events can be large, and whoever reads slowly holds what was read at once; so that is not much. */
const ONE_READ = { maxBytes: 256 * 1024 };

/** A list looks at so many events at most, whatever passes; then it answers with how far it came. */
const MAX_LOOKED_AT = 20_000;

/** A page ends before its events name more tags and references than this, so that it fits into any client's message. */
const MAX_PAGE_WEIGHT = 10_000;

export class EventLog {
  readonly #metadata: MetadataStore;
  readonly #options: EventLogOptions;
  readonly #turns = new Turns();
  readonly #bell: Bell;
  readonly #audience = new Audience();

  constructor(metadata: MetadataStore, options: EventLogOptions = {}) {
    this.#metadata = metadata;
    this.#options = options;
    this.#bell = new Bell(metadata, this.#turns);
  }

  /** At most `limit` events behind the sequence, from the first that is kept on. They are shared: never change them. */
  read(after: number, limit: number): Promise<readonly LoggedEvent[]> {
    return this.#metadata.readEvents(after, limit);
  }

  /** The same, fewer where they are large; throws CURSOR_EXPIRED when an event behind the sequence was removed. */
  async readOn(after: number, limit: number): Promise<readonly LoggedEvent[]> {
    const events = await this.#metadata.readEvents(after, limit, ONE_READ);
    const first = events[0]?.sequence;
    // What was removed can be seen to be gone just before the log says so.
    if (first !== undefined && first > after + 1) throw cursorExpired(after, first - 1);
    if (first === undefined) checkKept(this.#metadata, after);
    return events;
  }

  /** The newest event's sequence; 0 when there never was one. */
  lastSequence(): number {
    return this.#metadata.lastSequence();
  }

  /** How many subscribe at this moment. */
  get subscribers(): number {
    return this.#audience.size;
  }

  /** All events up to this one were removed. */
  trimmedSequence(): number {
    return this.#metadata.trimmedSequence();
  }

  /** The sequence to begin behind. Throws CURSOR_INVALID, CURSOR_EXPIRED. */
  resolve(start: EventStart): Promise<number> {
    return resolveStart(this.#metadata, start);
  }

  /** Throws CURSOR_INVALID for a sequence that was not yet given out. */
  checkGiven(sequence: number): void {
    checkGiven(this.#metadata, sequence);
  }

  /** Resolves when the log has something behind the sequence, after the time, or when the signal aborts. */
  async waitBehind(
    sequence: number,
    { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs?: number },
  ): Promise<void> {
    using ear = this.#bell.listen(signal);
    await ear.wait(sequence, timeoutMs);
  }

  /** The next events that pass; perhaps none, although there is more. Throws CURSOR_INVALID, CURSOR_EXPIRED. */
  async list({ start, filter, limit, withReferences }: ListRequest): Promise<EventPage> {
    const pace = this.#turns.pace();
    const events: LoggedEvent[] = [];
    let sequence = await this.resolve(start);
    let weight = 0;
    const page = () => ({ events, sequence, more: sequence < this.lastSequence() });
    for (let lookedAt = 0; lookedAt < MAX_LOOKED_AT; lookedAt += BATCH) {
      // Who asked for no cursor begins at the oldest event, also when that has just changed.
      const isFree = lookedAt === 0 && start.kind !== "after";
      const batch = await (isFree
        ? this.#metadata.readEvents(sequence, BATCH, ONE_READ)
        : this.readOn(sequence, BATCH));
      if (batch.length === 0) break;
      for (const logged of batch) {
        const isChosen = filter.passes(logged.event);
        weight += isChosen ? weightOf(logged.event, withReferences) : 0;
        if (weight > MAX_PAGE_WEIGHT && events.length > 0) return page();
        sequence = logged.sequence;
        if (isChosen && events.push(logged) === limit) return page();
        if (pace.isSpent) await pace.next();
      }
    }
    return page();
  }

  /**
   * Delivers `ready`, with a snapshot all that exists and `snapshot_end`, then every event that passes, until the
   * signal aborts. Throws CURSOR_INVALID and CURSOR_EXPIRED, the latter also to a reader that retention overtook;
   * UNAVAILABLE to one that took too long over a snapshot.
   */
  subscribe(request: SubscriptionRequest): AsyncGenerator<Delivery, void, undefined> {
    const { snapshotLimits } = this.#options;
    return subscription(
      {
        log: this,
        metadata: this.#metadata,
        bell: this.#bell,
        audience: this.#audience,
        pace: this.#turns.pace(),
        ...(snapshotLimits !== undefined && { snapshotLimits }),
      },
      request,
    );
  }
}

function weightOf({ fact }: EventRecord, withReferences: boolean): number {
  if (fact.kind !== "manifest_pushed") return 0;
  return fact.tags.length + (withReferences ? (fact.references?.length ?? 0) : 0);
}

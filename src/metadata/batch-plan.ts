// What one batch writes: commits are admitted in order, each judged by the rows
// as the ones before it leave them. Reads and writes nothing itself.
import { decodeCounter, encodeCounter } from "./counter.ts";
import {
  CommitConflict,
  type EngineChange,
  type EngineCommit,
  type EngineEntry,
  type EngineExpectation,
  type EngineSum,
  LimitExceeded,
} from "./engine.ts";
import { eventKey, LAST_EVENT_KEY, type LogBounds, TRIMMED_KEY } from "./event-keys.ts";
import { decodeSums, encodeSums } from "./sums.ts";

/** A row's value; undefined when there is no such row. */
export type RowValue = Uint8Array | undefined;

/** The keys whose rows must be known before the commit can be admitted. */
export function keysToKnow(commit: EngineCommit): string[] {
  const keys = commit.expectations.map((expectation) => expectation.key);
  for (const { kind, key } of commit.changes) if (kind === "add" || kind === "sum") keys.push(key);
  return keys;
}

/** At most so many events are removed by one batch, so that nobody's commit waits long behind it. */
const TRIM_CHUNK = 1000;

/** The outcome of all commits admitted so far. */
export class BatchPlan {
  /** The last value of every changed row. */
  readonly rows = new Map<string, RowValue>();
  /** What is appended to the log, in order. */
  readonly events: EngineEntry[] = [];
  readonly #known: ReadonlyMap<string, RowValue>;
  readonly #before: LogBounds;
  #lastSequence: number;
  #trimmed: number;

  /** The rows that had to be known, and the log as it is before the batch. */
  constructor(known: ReadonlyMap<string, RowValue>, before: LogBounds) {
    this.#known = known;
    this.#before = before;
    this.#lastSequence = before.last;
    this.#trimmed = before.trimmed;
  }

  /** The log as the batch leaves it. */
  get bounds(): LogBounds {
    return { last: this.#lastSequence, trimmed: this.#trimmed };
  }

  /** True: there is nothing to write. */
  get isEmpty(): boolean {
    return this.rows.size === 0 && this.events.length === 0 && this.#trimmed === this.#before.trimmed;
  }

  /** Takes the commit in and returns the last sequence; or throws (CommitConflict, LimitExceeded) and leaves all as it was. */
  admit(commit: EngineCommit): number {
    for (const expectation of commit.expectations) {
      if (!holds(expectation, this.#current(expectation.key))) throw new CommitConflict(expectation.key);
    }
    for (const [key, value] of this.#changed(commit.changes)) this.rows.set(key, value);
    for (const value of commit.events) this.events.push({ key: eventKey(++this.#lastSequence), value });
    return this.#lastSequence;
  }

  /** Removes the oldest events, none behind `upTo` or of this batch, and returns up to where it came. */
  trim(upTo: number): number {
    const { last, trimmed } = this.#before;
    this.#trimmed = Math.max(this.#trimmed, Math.min(upTo, last, trimmed + TRIM_CHUNK));
    return this.#trimmed;
  }

  /** All that is to be written, the log's bounds included. */
  *writes(): Generator<readonly [key: string, value: RowValue]> {
    yield* this.rows;
    for (const { key, value } of this.events) yield [key, value];
    if (this.events.length > 0) yield [LAST_EVENT_KEY, encodeCounter(this.#lastSequence)];
    if (this.#trimmed > this.#before.trimmed) yield* this.#removals();
  }

  /** In one batch with the mark, so that the mark is true whatever happens. */
  *#removals(): Generator<readonly [key: string, value: RowValue]> {
    for (let sequence = this.#before.trimmed + 1; sequence <= this.#trimmed; sequence++) {
      yield [eventKey(sequence), undefined];
    }
    yield [TRIMMED_KEY, encodeCounter(this.#trimmed)];
  }

  #changed(changes: readonly EngineChange[]): Map<string, RowValue> {
    const changed = new Map<string, RowValue>();
    for (const change of changes) {
      const { key } = change;
      const before = changed.has(key) ? changed.get(key) : this.#current(key);
      changed.set(key, valueAfter(change, before));
    }
    return changed;
  }

  #current(key: string): RowValue {
    return this.rows.has(key) ? this.rows.get(key) : this.#known.get(key);
  }
}

function holds(expectation: EngineExpectation, value: RowValue): boolean {
  switch (expectation.kind) {
    case "absent":
      return value === undefined;
    case "present":
      return value !== undefined;
    case "equals":
      return value !== undefined && Buffer.compare(value, expectation.value) === 0;
  }
}

function valueAfter(change: EngineChange, before: RowValue): RowValue {
  switch (change.kind) {
    case "put":
      return change.value;
    case "delete":
      return undefined;
    case "add":
      return counterAfter(change.key, change.delta, before);
    case "sum":
      return sumsAfter(change, before);
  }
}

function counterAfter(key: string, delta: number, before: RowValue): RowValue {
  const count = (before === undefined ? 0 : decodeCounter(before)) + delta;
  if (count < 0) throw new Error(`counter ${JSON.stringify(key)} would become ${count}`);
  return count === 0 ? undefined : encodeCounter(count);
}

/** Done five times for a blob, so without lists in between. */
function sumsAfter(change: EngineSum, before: RowValue): RowValue {
  const row = decodeSums(before);
  const sums: number[] = [];
  let isNothing = true;
  for (let place = 0; place < Math.max(row.sums.length, change.sums.length); place++) {
    const sum = sumAfter(change, place, row.sums[place] ?? 0);
    if (sum !== 0) isNothing = false;
    sums.push(sum);
  }
  if (isNothing) return undefined;
  const highest: number[] = [];
  for (let place = 0; place < Math.max(row.highest.length, change.highest.length); place++)
    highest.push(Math.max(row.highest[place] ?? 0, change.highest[place] ?? 0));
  return encodeSums({ sums, highest });
}

/** What shrinks passes no limit, however far above it the sum is. */
function sumAfter({ key, sums, limits }: EngineSum, place: number, used: number): number {
  const delta = sums[place] ?? 0;
  const sum = used + delta;
  if (sum < 0) throw new Error(`sum ${place} of ${JSON.stringify(key)} would become ${sum}`);
  const limit = limits?.[place];
  if (limit !== undefined && delta > 0 && sum > limit)
    throw new LimitExceeded({ key, place, limit, used, requested: delta });
  return sum;
}

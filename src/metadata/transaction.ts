// Optimistic transactions: what is read becomes an expectation of the commit, so
// a change by somebody else in between makes the whole attempt start again.
import { RegistryError } from "../oci/errors.ts";
import { CommitConflict } from "./engine.ts";
import type { Key } from "./keys.ts";
import {
  add,
  type Change,
  type Expectation,
  expectRecord,
  type MetadataStore,
  put,
  remove,
  type SumChange,
  sum,
} from "./metadata-store.ts";
import type { EventRecord } from "./records.ts";
import type { SumsOf } from "./usage-form.ts";
import type { StoredRecord } from "./usage-record.ts";

/**
 * How often an attempt is repeated before the client is told to come back. Of those
 * who meet at a record one gets through each time, so this many at once all do.
 */
const MAX_ATTEMPTS = 1000;

/** One attempt: reads that are remembered, changes that are collected. */
export class Transaction {
  readonly #metadata: MetadataStore;
  readonly #expectations = new Map<string, Expectation>();
  readonly #changes: Change[] = [];
  readonly #sums = new Map<string, SumChange>();
  readonly events: EventRecord[] = [];

  constructor(metadata: MetadataStore) {
    this.#metadata = metadata;
  }

  /** The record as the catalogue has it; the commit happens only if it still has it so. */
  async get<R>(key: Key<R>): Promise<R | undefined> {
    const known = this.#expectations.get(key.text);
    if (known !== undefined) return known.record as R | undefined; // read by this very key
    const record = await this.#metadata.get(key);
    this.#expectations.set(key.text, expectRecord(key, record));
    return record;
  }

  /** Reads what will be asked for, all at once: apart, each would be a trip to the disk of its own. */
  async prefetch(keys: readonly Key<unknown>[]): Promise<void> {
    await Promise.all(keys.map((key) => this.get(key)));
  }

  put<R>(key: Key<R>, record: R): void {
    this.#changes.push(put(key, record));
  }

  remove(key: Key<unknown>): void {
    this.#changes.push(remove(key));
  }

  add(key: Key<number>, delta: number): void {
    this.#changes.push(add(key, delta));
  }

  /**
   * Adds to sums (metadata-store.ts); what the attempt adds to the same row is one change, so that only its net growth
   * meets the limits.
   */
  sum<R extends StoredRecord>(key: Key<R>, change: SumsOf<R>, limits?: SumsOf<R>): void {
    const known = this.#sums.get(key.text);
    const added = sum(key, change, limits);
    this.#sums.set(key.text, known === undefined ? added : joined(known, added));
  }

  append(event: EventRecord): void {
    this.events.push(event);
  }

  get changes(): readonly Change[] {
    return [...this.#changes, ...[...this.#sums.values()].filter(isAChange)];
  }

  get expectations(): readonly Expectation[] {
    return [...this.#expectations.values()];
  }
}

function joined(one: SumChange, other: SumChange): SumChange {
  return {
    ...one,
    ...other,
    sums: one.sums.map((delta, place) => delta + (other.sums[place] ?? 0)),
    highest: one.highest.map((number, place) => Math.max(number, other.highest[place] ?? 0)),
  };
}

function isAChange({ sums, highest }: SumChange): boolean {
  return sums.some((delta) => delta !== 0) || highest.some((number) => number !== 0);
}

/**
 * Runs the attempt and commits what it collected, again from the start whenever
 * somebody else changed what it had read, which the attempt may also find by itself and say by throwing
 * CommitConflict. Throws UNAVAILABLE when that never ends, LimitExceeded when a sum would grow too much.
 */
export async function transact<T>(
  metadata: MetadataStore,
  attempt: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  for (let count = 0; count < MAX_ATTEMPTS; count++) {
    const transaction = new Transaction(metadata);
    try {
      const result = await attempt(transaction);
      const { changes, expectations, events } = transaction;
      if (changes.length === 0 && events.length === 0) return result;
      await metadata.commit({ changes, expectations, events });
      return result;
    } catch (error) {
      if (!(error instanceof CommitConflict)) throw error;
    }
  }
  throw new RegistryError(
    "UNAVAILABLE",
    {},
    { message: "too many others change the same record; try again" },
  );
}

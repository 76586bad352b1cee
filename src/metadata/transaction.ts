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
} from "./metadata-store.ts";
import type { EventRecord } from "./records.ts";

/**
 * How often an attempt is repeated before the client is told to come back. Of those
 * who meet at a record one gets through each time, so this many at once all do.
 */
const MAX_ATTEMPTS = 1000;

/** One attempt: reads that are remembered, changes that are collected. */
export class Transaction {
  readonly #metadata: MetadataStore;
  readonly #expectations = new Map<string, Expectation>();
  readonly changes: Change[] = [];
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
    this.changes.push(put(key, record));
  }

  remove(key: Key<unknown>): void {
    this.changes.push(remove(key));
  }

  add(key: Key<number>, delta: number): void {
    this.changes.push(add(key, delta));
  }

  append(event: EventRecord): void {
    this.events.push(event);
  }

  get expectations(): readonly Expectation[] {
    return [...this.#expectations.values()];
  }
}

/**
 * Runs the attempt and commits what it collected, again from the start whenever
 * somebody else changed what it had read, which the attempt may also find by itself and say by throwing
 * CommitConflict. Throws UNAVAILABLE when that never ends.
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

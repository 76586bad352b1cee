// The rows of a database, the recently used ones in memory, so that checking a
// commit against what its caller has just read costs no read.
import type { BatchPlan, RowValue } from "./batch-plan.ts";
import { CoherentCache } from "./coherent-cache.ts";
import { decodeCounter } from "./counter.ts";
import type { Database } from "./database.ts";
import { LAST_EVENT_KEY, type LogBounds, TRIMMED_KEY } from "./event-keys.ts";
import type { CommitTarget } from "./group-commit.ts";
import { GroupRead } from "./group-read.ts";

/** A row as it is remembered, also when it is not there. */
interface Row {
  readonly value: RowValue;
}

const ABSENT: Row = { value: undefined };
const MAX_ROW_BYTES = 16 * 1024;
const ROW_OVERHEAD_BYTES = 200;

export class RowStore implements CommitTarget {
  readonly #database: Database;
  readonly #cache: CoherentCache<Row>;
  readonly #reads = new GroupRead((keys) => this.#readMany(keys));

  constructor(database: Database, cacheBytes: number) {
    this.#database = database;
    this.#cache = new CoherentCache<Row>({
      maxSize: cacheBytes,
      maxEntrySize: MAX_ROW_BYTES,
      sizeOf: ({ value }, key) => key.length + (value?.length ?? 0) + ROW_OVERHEAD_BYTES,
    });
  }

  /** The row's value as of the last durable batch. */
  async get(key: string): Promise<RowValue> {
    const row = this.#cache.peek(key) ?? (await this.#cache.load(key, () => this.#readRow(key)));
    return row?.value;
  }

  async readRows(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, RowValue>> {
    const rows = new Map<string, RowValue>();
    const missing: string[] = [];
    for (const key of keys) {
      const row = this.#cache.peek(key);
      if (row === undefined) missing.push(key);
      else rows.set(key, row.value);
    }
    if (missing.length > 0) await this.#readMissing(missing, rows);
    return rows;
  }

  async write(plan: BatchPlan): Promise<void> {
    this.#cache.beginWrite(plan.rows.keys());
    try {
      await this.#database.write(plan.writes());
    } catch (error) {
      this.#cache.suspend();
      this.#cache.endWrite(plan.rows.keys());
      throw error;
    }
    this.#cache.endWriteOf(rowsOf(plan));
  }

  async recover(): Promise<LogBounds> {
    await this.#database.recover();
    this.#cache.resume();
    return this.readBounds();
  }

  /** The log's bounds as they are in the database. */
  async readBounds(): Promise<LogBounds> {
    const [last, trimmed] = await this.#readMany([LAST_EVENT_KEY, TRIMMED_KEY]);
    return { last: counterOf(last), trimmed: counterOf(trimmed) };
  }

  async #readRow(key: string): Promise<Row> {
    return rowOf(await this.#reads.get(key));
  }

  #readMany(keys: string[]): Promise<readonly RowValue[]> {
    return this.#database.read((level) => level.getMany(keys));
  }

  /** The writer asks between two batches, so nothing can be written under it. */
  async #readMissing(keys: string[], rows: Map<string, RowValue>): Promise<void> {
    const values = await this.#readMany(keys);
    keys.forEach((key, index) => {
      rows.set(key, values[index]);
      this.#cache.store(key, rowOf(values[index]));
    });
  }
}

function counterOf(value: RowValue): number {
  return value === undefined ? 0 : decodeCounter(value);
}

function* rowsOf({ rows }: BatchPlan): Generator<readonly [key: string, row: Row]> {
  for (const [key, value] of rows) yield [key, rowOf(value)];
}

function rowOf(value: RowValue): Row {
  return value === undefined ? ABSENT : { value };
}

// The engine on LevelDB: one process, one folder, no server. Also the engine on
// any other database of its family (memory-engine.ts).
import type { Database } from "./database.ts";
import { scanLevel } from "./database.ts";
import type {
  Engine,
  EngineCommit,
  EngineEntry,
  EngineRange,
  EngineSnapshot,
  SequencedEvent,
} from "./engine.ts";
import { eventRange, type LogBounds, sequenceOfEventKey } from "./event-keys.ts";
import { type CommitStatistics, GroupCommit } from "./group-commit.ts";
import { LevelDatabase } from "./level-database.ts";
import { LevelSnapshot } from "./level-snapshot.ts";
import { LogCompaction } from "./log-compaction.ts";
import { RowStore } from "./row-store.ts";

export interface LevelEngineOptions {
  /** Memory for recently used rows, in bytes. Absent: 8 MiB. */
  readonly rowCacheBytes?: number;
}

const DEFAULT_ROW_CACHE_BYTES = 8 * 1024 * 1024;

export class LevelEngine implements Engine {
  readonly #database: Database;
  readonly #rows: RowStore;
  readonly #writer: GroupCommit;
  readonly #compaction: LogCompaction;

  private constructor(database: Database, rows: RowStore, bounds: LogBounds) {
    this.#database = database;
    this.#rows = rows;
    this.#writer = new GroupCommit(rows, bounds);
    this.#compaction = new LogCompaction(database, bounds.trimmed);
  }

  /**
   * Opens the catalogue in the folder, which is made if it is not there. Throws Error
   * when another process has it open, or when it has a format this version does not read.
   */
  static async open(location: string, options: LevelEngineOptions = {}): Promise<LevelEngine> {
    return LevelEngine.over(await LevelDatabase.open(location), options);
  }

  /** An engine over an open database, which it closes in the end. */
  static async over(database: Database, options: LevelEngineOptions = {}): Promise<LevelEngine> {
    const rows = new RowStore(database, options.rowCacheBytes ?? DEFAULT_ROW_CACHE_BYTES);
    return new LevelEngine(database, rows, await rows.readBounds());
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#rows.get(key);
  }

  scan(range: EngineRange): Promise<readonly EngineEntry[]> {
    return this.#database.read((level) => scanLevel(level, range));
  }

  commit(commit: EngineCommit): Promise<number> {
    return this.#writer.commit(commit);
  }

  async readEvents(
    after: number,
    limit: number,
    options: { readonly maxBytes?: number } = {},
  ): Promise<readonly SequencedEvent[]> {
    const { last, trimmed } = this.#writer.bounds;
    // Never from before the first kept event: LevelDB would step over every row that was deleted.
    const behind = Math.max(after, trimmed);
    if (behind >= last) return [];
    const entries = await this.scan(eventRange(behind, last, { limit, ...options }));
    return entries.map(({ key, value }) => ({ sequence: sequenceOfEventKey(key), value }));
  }

  lastSequence(): number {
    return this.#writer.bounds.last;
  }

  async trimEvents(upTo: number): Promise<void> {
    const target = Math.min(Math.floor(upTo), this.lastSequence());
    while (this.trimmedSequence() < target) await this.#writer.trimChunk(target);
    this.#compaction.advance(this.trimmedSequence());
  }

  trimmedSequence(): number {
    return this.#writer.bounds.trimmed;
  }

  async snapshot(): Promise<EngineSnapshot> {
    const snapshot = await LevelSnapshot.take(this.#database);
    // A batch can be seen just before its commits are answered. Whoever goes on reading
    // events behind the snapshot must not be told that they are not there yet.
    if (snapshot.lastSequence > this.lastSequence()) await this.#writer.settle();
    return snapshot;
  }

  /** How many commits went into how many batches. */
  statistics(): CommitStatistics {
    return this.#writer.statistics;
  }

  async close(): Promise<void> {
    await this.#writer.close();
    await this.#compaction.close();
    await this.#database.close();
  }
}

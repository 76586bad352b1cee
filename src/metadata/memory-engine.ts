// The engine in memory: for tests and for trying things out. It is the same
// engine, on a database that forgets all when it is closed.
import { MemoryLevel } from "memory-level";
import type { RowValue } from "./batch-plan.ts";
import { type Database, type Level, operationsOf } from "./database.ts";
import { LevelEngine } from "./level-engine.ts";
import { storageError } from "./storage-error.ts";

class MemoryDatabase implements Database {
  readonly #level: Level = new MemoryLevel<string, Uint8Array>({
    keyEncoding: "utf8",
    valueEncoding: "view",
  });

  async read<T>(read: (level: Level) => Promise<T>): Promise<T> {
    try {
      return await read(this.#level);
    } catch (error) {
      throw storageError(error);
    }
  }

  async write(writes: Iterable<readonly [key: string, value: RowValue]>): Promise<void> {
    try {
      await this.#level.batch(operationsOf(writes));
    } catch (error) {
      throw storageError(error);
    }
  }

  async recover(): Promise<void> {}

  async compact(): Promise<void> {}

  close(): Promise<void> {
    return this.#level.close();
  }
}

/** An empty engine. */
export function openMemoryEngine(): Promise<LevelEngine> {
  return LevelEngine.over(new MemoryDatabase());
}

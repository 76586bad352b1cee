// The engine in memory: for tests and for trying things out. It is the same
// engine, on a database that forgets all when it is closed.
import { MemoryLevel } from "memory-level";
import type { RowValue } from "./batch-plan.ts";
import { type Database, type Level, operationsOf } from "./database.ts";
import { FORMAT } from "./format.ts";
import { formatKey } from "./keeping-keys.ts";
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

/** An empty engine, with the format that a copy of it needs. */
export async function openMemoryEngine(): Promise<LevelEngine> {
  const database = new MemoryDatabase();
  await database.write([[formatKey.text, Buffer.from(FORMAT)]]);
  return LevelEngine.over(database);
}

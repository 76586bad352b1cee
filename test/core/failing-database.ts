// A database in memory whose disk is full while a test wants it to be: writes fail.
// Nothing of them happens or, where a test wants that, the last one happened after all.
import { MemoryLevel } from "memory-level";
import type { RowValue } from "../../src/metadata/batch-plan.ts";
import { type Database, type Level, operationsOf } from "../../src/metadata/database.ts";
import { RegistryError } from "../../src/oci/errors.ts";

export class FailingDatabase implements Database {
  readonly #level: Level = new MemoryLevel<string, Uint8Array>({
    keyEncoding: "utf8",
    valueEncoding: "view",
  });
  isFull = false;
  /** True: the write that failed last is found when the database recovers. */
  keepsLast = false;
  #last: readonly (readonly [key: string, value: RowValue])[] = [];

  read<T>(read: (level: Level) => Promise<T>): Promise<T> {
    return read(this.#level);
  }

  async write(writes: Iterable<readonly [key: string, value: RowValue]>): Promise<void> {
    if (this.isFull) {
      this.#last = [...writes];
      throw new RegistryError("INSUFFICIENT_STORAGE");
    }
    await this.#level.batch(operationsOf(writes));
  }

  async recover(): Promise<void> {
    if (this.isFull) throw new RegistryError("INSUFFICIENT_STORAGE");
    if (this.keepsLast) await this.#level.batch(operationsOf(this.#last));
  }

  async compact(): Promise<void> {}

  close(): Promise<void> {
    return this.#level.close();
  }
}

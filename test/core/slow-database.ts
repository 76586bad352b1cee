// A database in memory that is slow to tell of what it has written: while a test holds it, what was written can
// be read, and the writer does not know yet. That is how LevelDB is for a moment with each write.
import { MemoryLevel } from "memory-level";
import type { RowValue } from "../../src/metadata/batch-plan.ts";
import { type Database, type Level, operationsOf } from "../../src/metadata/database.ts";

export class SlowDatabase implements Database {
  readonly #level: Level = new MemoryLevel<string, Uint8Array>({
    keyEncoding: "utf8",
    valueEncoding: "view",
  });
  #held: Promise<void> = Promise.resolve();
  #written: () => void = () => undefined;
  #release: () => void = () => undefined;

  /** From now on writes are not answered; `written` resolves when the next one can be read. */
  hold(): { readonly written: Promise<void> } {
    const held = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    this.#held = held.promise;
    this.#written = written.resolve;
    this.#release = held.resolve;
    return { written: written.promise };
  }

  /** Writes are answered again. */
  release(): void {
    this.#release();
  }

  read<T>(read: (level: Level) => Promise<T>): Promise<T> {
    return read(this.#level);
  }

  async write(writes: Iterable<readonly [key: string, value: RowValue]>): Promise<void> {
    await this.#level.batch(operationsOf(writes));
    this.#written();
    await this.#held;
  }

  async recover(): Promise<void> {}

  async compact(): Promise<void> {}

  close(): Promise<void> {
    return this.#level.close();
  }
}

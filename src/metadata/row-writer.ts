// Makes a new catalogue of rows as they were written by another. Nobody may use it
// before it is closed and opened again: the log's bounds are rows, too.
import { rm } from "node:fs/promises";
import { encodeCounter } from "./counter.ts";
import { LAST_EVENT_KEY, type LogBounds, TRIMMED_KEY } from "./event-keys.ts";
import { LevelEngine } from "./level-engine.ts";
import { CatalogueInUse } from "./level-files.ts";
import type { RawRow } from "./metadata-store.ts";

export class RowWriter {
  readonly #engine: LevelEngine;

  private constructor(engine: LevelEngine) {
    this.#engine = engine;
  }

  /** In the folder, whatever was there before; throws Error while another process has that open. */
  static async begin(location: string): Promise<RowWriter> {
    // Whoever is at work there has the lock.
    const former = await LevelEngine.open(location).catch((error: unknown) => {
      if (error instanceof CatalogueInUse) throw error;
    });
    await former?.close();
    await rm(location, { recursive: true, force: true });
    return new RowWriter(await LevelEngine.open(location, { rowCacheBytes: 1 }));
  }

  /** Durable when it resolves. */
  async write(rows: readonly RawRow[]): Promise<void> {
    const changes = rows.map(({ key, value }) => ({ kind: "put", key, value }) as const);
    await this.#engine.commit({ changes, expectations: [], events: [] });
  }

  /** Where the log ends, and up to where its events were removed, whatever the rows said. */
  async setLog({ last, trimmed }: LogBounds): Promise<void> {
    await this.write([
      { key: LAST_EVENT_KEY, value: encodeCounter(last) },
      { key: TRIMMED_KEY, value: encodeCounter(trimmed) },
    ]);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}

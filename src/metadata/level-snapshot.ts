// A snapshot of an open database. It lives as long as that database: when it is
// closed, or reopened after a failure, the snapshot is lost and says so.
import type { AbstractSnapshot } from "abstract-level";
import { RegistryError } from "../oci/errors.ts";
import { decodeCounter } from "./counter.ts";
import { type Database, type Level, scanLevel } from "./database.ts";
import type { EngineEntry, EngineRange, EngineSnapshot } from "./engine.ts";
import { LAST_EVENT_KEY } from "./event-keys.ts";
import { GroupRead } from "./group-read.ts";
import { storageError } from "./storage-error.ts";

export class LevelSnapshot implements EngineSnapshot {
  readonly lastSequence: number;
  readonly #level: Level;
  readonly #snapshot: AbstractSnapshot;
  readonly #reads = new GroupRead((keys) =>
    this.#read((level, snapshot) => level.getMany(keys, { snapshot })),
  );
  #closed = false;

  private constructor(level: Level, snapshot: AbstractSnapshot, lastSequence: number) {
    this.#level = level;
    this.#snapshot = snapshot;
    this.lastSequence = lastSequence;
  }

  /** The database as it is at some moment after the call. Throws UNAVAILABLE. */
  static take(database: Database): Promise<LevelSnapshot> {
    return database.read(async (level) => {
      const snapshot = level.snapshot();
      try {
        const last = await level.get(LAST_EVENT_KEY, { snapshot });
        return new LevelSnapshot(level, snapshot, last === undefined ? 0 : decodeCounter(last));
      } catch (error) {
        await snapshot.close();
        throw error;
      }
    });
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#reads.get(key);
  }

  scan(range: EngineRange): Promise<readonly EngineEntry[]> {
    return this.#read((level, snapshot) => scanLevel(level, range, snapshot));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#snapshot.close();
  }

  async #read<T>(read: (level: Level, snapshot: AbstractSnapshot) => Promise<T>): Promise<T> {
    this.#hold();
    try {
      return await read(this.#level, this.#snapshot);
    } catch (error) {
      throw this.#level.status === "open" ? storageError(error) : lostError(error);
    } finally {
      this.#snapshot.unref();
    }
  }

  /** An iterator would be made from a closed snapshot too, of memory that is no longer its own. */
  #hold(): void {
    if (this.#closed) throw unavailable("the snapshot is closed");
    try {
      this.#snapshot.ref();
    } catch (cause) {
      throw lostError(cause);
    }
  }
}

function lostError(cause: unknown): RegistryError {
  return unavailable("the snapshot was lost because the catalogue was closed or reopened", cause);
}

function unavailable(message: string, cause?: unknown): RegistryError {
  return new RegistryError("UNAVAILABLE", {}, { message, cause });
}

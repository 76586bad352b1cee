// LevelDB in a folder. Reopens it after a failed write, because neither LevelDB
// nor we know then what its log holds; until that is possible, reads go on.
import { Level } from "level";
import { RegistryError } from "../oci/errors.ts";
import type { RowValue } from "./batch-plan.ts";
import { type Database, operationsOf } from "./database.ts";
import { checkFormat } from "./format.ts";
import { CatalogueDamaged, CatalogueInUse, checkLevelFiles } from "./level-files.ts";
import { probeSpace } from "./space-probe.ts";
import { storageError } from "./storage-error.ts";

type OpenLevel = Level<string, Uint8Array>;

const MIB = 1024 * 1024;

/**
 * Measured with 300,000 and 1,000,000 manifests (4,000,000 rows, 0.7 GB in the folder):
 * opening took 0.02 to 0.17 s, and 14 to 22 MB of memory at rest.
 */
const OPTIONS = {
  keyEncoding: "utf8",
  valueEncoding: "view",
  // Takes 40 % off the folder; reads cost about the same, because most of it is the way to a thread and back.
  compression: true,
  // Twice the default: fewer, larger tables to merge. At most two such buffers are in memory.
  writeBufferSize: 8 * MIB,
  // Four times the default, so that the 1000 tables that may be open hold 8 GB.
  maxFileSize: 8 * MIB,
  // Tables are mapped into memory, so this only saves decompressing. 64 MiB read hardly
  // faster than 16 and cost the process 60 MB; the caches above do more with as much.
  cacheSize: 16 * MIB,
} as const;

export class LevelDatabase implements Database {
  readonly #location: string;
  #level: OpenLevel;
  #reopening: Promise<void> | undefined;
  #closed = false;

  private constructor(location: string, level: OpenLevel) {
    this.#location = location;
    this.#level = level;
  }

  /** Opens the folder or makes it; see LevelEngine.open for what it throws. */
  static async open(location: string): Promise<LevelDatabase> {
    await checkFiles(location);
    const level = await openLevel(location, { createIfMissing: true }).catch((cause: unknown) => {
      throw openError(location, cause);
    });
    try {
      await checkFormat(level, location);
    } catch (error) {
      await level.close();
      throw error;
    }
    return new LevelDatabase(location, level);
  }

  async read<T>(read: (level: OpenLevel) => Promise<T>): Promise<T> {
    for (;;) {
      const level = this.#level;
      try {
        return await read(level);
      } catch (error) {
        if (level.status === "open") throw storageError(error);
        if (level === this.#level) await this.#reopen();
      }
    }
  }

  async write(writes: Iterable<readonly [key: string, value: RowValue]>): Promise<void> {
    try {
      await this.#level.batch(operationsOf(writes), { sync: true });
    } catch (error) {
      throw storageError(error);
    }
  }

  async recover(): Promise<void> {
    if (this.#level.status === "open") await this.#probe();
    await this.#reopen();
  }

  async compact(from: string, to: string): Promise<void> {
    const level = this.#level;
    if (canCompact(level)) await level.compactRange(from, to);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#reopening?.catch(() => {}); // whoever asked for it was told
    await this.#level.close();
  }

  /** Opening needs space for what the log holds. While that is missing, the open database still serves reads. */
  async #probe(): Promise<void> {
    try {
      await probeSpace(this.#location);
    } catch (error) {
      throw storageError(error);
    }
  }

  #reopen(): Promise<void> {
    this.#reopening ??= this.#replaceLevel().finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async #replaceLevel(): Promise<void> {
    if (this.#closed) throw new RegistryError("UNAVAILABLE", {}, { message: "the catalogue is closed" });
    try {
      await this.#level.close();
      // If the folder is gone, an empty catalogue in its place would be the worst answer.
      this.#level = await openLevel(this.#location, { createIfMissing: false });
    } catch (error) {
      throw storageError(error);
    }
  }
}

/** The package's types leave out what only LevelDB can do. */
type Compacting = OpenLevel & { compactRange(from: string, to: string): Promise<void> };

function canCompact(level: OpenLevel): level is Compacting {
  return level.supports.additionalMethods.compactRange === true;
}

/** Throws CatalogueDamaged. What another process is writing looks damaged too, so then it says who has it. */
async function checkFiles(location: string): Promise<void> {
  try {
    await checkLevelFiles(location);
  } catch (error) {
    await demandLock(location);
    throw error instanceof Error && "code" in error ? openError(location, error) : error;
  }
}

/** LevelDB takes its lock before it looks at anything else; asked so, it changes nothing. */
async function demandLock(location: string): Promise<void> {
  const level = new Level<string, Uint8Array>(location, OPTIONS);
  const error: unknown = await level
    .open({ createIfMissing: false, errorIfExists: true })
    .then(() => level.close())
    .catch((refusal: unknown) => refusal);
  if (isLocked(causeOf(error))) throw openError(location, error);
}

async function openLevel(location: string, how: { createIfMissing: boolean }): Promise<OpenLevel> {
  const level = new Level<string, Uint8Array>(location, { ...OPTIONS, ...how });
  await level.open();
  return level;
}

function openError(location: string, error: unknown): Error {
  const cause = causeOf(error);
  const shown = JSON.stringify(location);
  if (isLocked(cause)) {
    return new CatalogueInUse(location);
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof Error && "code" in cause && cause.code === "LEVEL_CORRUPTION")
    return new CatalogueDamaged(location, reason, { cause });
  return new Error(`the catalogue in ${shown} cannot be opened: ${reason}`, { cause });
}

function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}

function isLocked(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "LEVEL_LOCKED";
}

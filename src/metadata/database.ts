// What an engine stands on: any database of the abstract-level family, and what
// to do when a write to it fails.
import type { AbstractLevel, AbstractSnapshot } from "abstract-level";
import type { RowValue } from "./batch-plan.ts";
import type { EngineEntry, EngineRange } from "./engine.ts";

/** An open database with text as keys and bytes as values, sorted by the bytes of the keys. */
export type Level = AbstractLevel<string | Buffer | Uint8Array, string, Uint8Array>;

/** A database that can be brought back after a failure. */
export interface Database {
  /** Runs the read, again if the database was reopened under it. Throws UNAVAILABLE. */
  read<T>(read: (level: Level) => Promise<T>): Promise<T>;
  /** Writes all or nothing, durably. Throws INSUFFICIENT_STORAGE or UNAVAILABLE: then call recover before the next write. */
  write(writes: Iterable<readonly [key: string, value: RowValue]>): Promise<void>;
  /** Makes the database fit for writing after a failure; throws like write when it is not yet possible. */
  recover(): Promise<void>;
  /** Gives back the space of rows that were deleted from the range; takes seconds for much. May do nothing. */
  compact(from: string, to: string): Promise<void>;
  /** Waits for reads, writes and compactions under way. */
  close(): Promise<void>;
}

type Operation = { type: "put"; key: string; value: Uint8Array } | { type: "del"; key: string };

/** The writes in the form that a Level's batch takes. */
export function operationsOf(writes: Iterable<readonly [key: string, value: RowValue]>): Operation[] {
  return Array.from(writes, ([key, value]) =>
    value === undefined ? { type: "del", key } : { type: "put", key, value },
  );
}

const NO_VALUE = new Uint8Array(0);

/** How many bytes one step of a scan may read; the default of 16 KiB costs a page several steps. */
const SCAN_STEP_BYTES = 512 * 1024;

/** The entries of the range, from the given snapshot, or from the one that an iterator sees. */
export async function scanLevel(
  level: Level,
  range: EngineRange,
  snapshot?: AbstractSnapshot,
): Promise<EngineEntry[]> {
  const values = range.values !== false;
  const iterator = level.iterator({ ...iteratorOptions(range, values), snapshot });
  const entries: EngineEntry[] = [];
  const { maxBytes = Number.POSITIVE_INFINITY } = range;
  let bytes = 0;
  try {
    while (entries.length < range.limit && bytes < maxBytes) {
      const step = await iterator.nextv(range.limit - entries.length);
      if (step.length === 0) break;
      for (const [key, value] of step) {
        entries.push({ key, value: values ? value : NO_VALUE });
        bytes += value?.length ?? 0;
        if (bytes >= maxBytes) break;
      }
    }
  } finally {
    await iterator.close();
  }
  return entries;
}

function iteratorOptions({ from, to, limit, reverse = false }: EngineRange, values: boolean) {
  return { gte: from, lt: to, limit, reverse, values, highWaterMarkBytes: SCAN_STEP_BYTES };
}

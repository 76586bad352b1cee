// The records in memory. What a stat of a blob reads, links and blob records, is
// bounded by its number and may be switched off; all others are bounded by bytes. Both
// caches follow the same writes, so neither ever shows what a finished one removed.
import { CoherentCache } from "./coherent-cache.ts";
import type { DescriptorCacheStatistics } from "./metadata-store.ts";

/** A record as it is remembered, with the size it had as bytes. */
export interface CachedRecord {
  readonly record: unknown;
  readonly bytes: number;
}

export interface RecordCachesOptions {
  /** Memory for other records than descriptors, in bytes. */
  readonly maxBytes: number;
  /** The most descriptors; 0: any number. Undefined: each is read from the engine each time. */
  readonly descriptorEntries: number | undefined;
}

/** Larger ones are manifests beyond the usual; a few of them would push everything else out. */
const MAX_ENTRY_BYTES = 256 * 1024;
/** What an entry takes beside its key and its record's text, which an object takes about twice. */
const ENTRY_OVERHEAD_BYTES = 250;

export class RecordCaches {
  readonly #others: CoherentCache<CachedRecord>;
  readonly #descriptors: CoherentCache<CachedRecord> | undefined;
  #hits = 0;
  #misses = 0;

  constructor({ maxBytes, descriptorEntries }: RecordCachesOptions) {
    this.#others = new CoherentCache<CachedRecord>({
      maxSize: maxBytes,
      maxEntrySize: MAX_ENTRY_BYTES,
      sizeOf: ({ bytes }, key) => key.length + bytes * 2 + ENTRY_OVERHEAD_BYTES,
    });
    if (descriptorEntries !== undefined) this.#descriptors = countedCache(descriptorEntries);
  }

  /** The record, if it is here. */
  peek(key: string): CachedRecord | undefined {
    if (!isDescriptor(key)) return this.#others.peek(key);
    const found = this.#descriptors?.peek(key);
    if (found !== undefined) this.#hits++;
    return found;
  }

  /** Reads a record that is not here. */
  load(key: string, read: () => Promise<CachedRecord | undefined>): Promise<CachedRecord | undefined> {
    if (!isDescriptor(key)) return this.#others.load(key, read);
    this.#misses++;
    return this.#descriptors === undefined ? read() : this.#descriptors.load(key, read);
  }

  /** A write of these keys begins. */
  beginWrite(keys: readonly string[]): void {
    this.#others.beginWrite(keys.filter((key) => !isDescriptor(key)));
    this.#descriptors?.beginWrite(keys.filter(isDescriptor));
  }

  /** The write of the same keys ended, well or not. */
  endWrite(keys: readonly string[]): void {
    this.#others.endWrite(keys.filter((key) => !isDescriptor(key)));
    this.#descriptors?.endWrite(keys.filter(isDescriptor));
  }

  /** Keeps nothing new from now on: what was written last may or may not have happened. */
  suspend(): void {
    this.#others.suspend();
    this.#descriptors?.suspend();
  }

  /** It is known again what happened. */
  resume(): void {
    this.#others.resume();
    this.#descriptors?.resume();
  }

  /** Undefined: they are not remembered. */
  descriptorStatistics(): DescriptorCacheStatistics | undefined {
    if (this.#descriptors === undefined) return undefined;
    return { hits: this.#hits, misses: this.#misses, entries: this.#descriptors.entries };
  }
}

function countedCache(entries: number): CoherentCache<CachedRecord> {
  const maxSize = entries === 0 ? Number.MAX_SAFE_INTEGER : entries;
  return new CoherentCache<CachedRecord>({ maxSize, maxEntrySize: 1, sizeOf: () => 1 });
}

const LINK = "l".charCodeAt(0);
const BLOB = "b".charCodeAt(0);
const SLASH = "/".charCodeAt(0);

/** True for keys below l/ and b/ (keys.ts). */
function isDescriptor(key: string): boolean {
  const first = key.charCodeAt(0);
  return (first === LINK || first === BLOB) && key.charCodeAt(1) === SLASH;
}

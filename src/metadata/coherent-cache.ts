// A bounded cache that never shows what a finished write has replaced. Whoever
// writes says so before and after; in between, the keys are neither cached nor
// served from here, and a read that overlaps a write is never kept. An old value keeps
// its place until the write ends: a key that is taken out of a large Map and put back
// leaves a trace there each time, and every later look at that key passes them all.
import { LRUCache } from "lru-cache";

export interface CoherentCacheOptions<V> {
  /** The sum of all sizes is at most so much. */
  readonly maxSize: number;
  /** What is larger is not kept. */
  readonly maxEntrySize: number;
  /** What the entry counts: about the bytes of memory that it takes, or 1 where entries are counted. At least 1. */
  readonly sizeOf: (value: V, key: string) => number;
}

/** The most recently used values by key. */
export class CoherentCache<V extends object | number> {
  readonly #entries: LRUCache<string, V>;
  /** Reads under way whose outcome may be kept. A write takes its keys out. */
  readonly #loads = new Map<string, Promise<V | undefined>>();
  /** How many writes of a key are under way. */
  readonly #writing = new Map<string, number>();
  #suspended = false;

  constructor(options: CoherentCacheOptions<V>) {
    this.#entries = new LRUCache({
      maxSize: options.maxSize,
      maxEntrySize: options.maxEntrySize,
      sizeCalculation: options.sizeOf,
    });
  }

  /** How many values are here. */
  get entries(): number {
    return this.#entries.size;
  }

  /** The value, if it is here. */
  peek(key: string): V | undefined {
    return this.#writing.has(key) ? undefined : this.#entries.get(key);
  }

  /** Reads a value that is not here, once for all who ask meanwhile, and keeps it if that is safe. */
  load(key: string, read: () => Promise<V | undefined>): Promise<V | undefined> {
    const running = this.#loads.get(key);
    if (running !== undefined) return running;
    const load = read();
    if (this.#mayKeep(key)) {
      this.#loads.set(key, load);
      load.then(
        (value) => this.#finishLoad(key, load, value),
        () => this.#finishLoad(key, load, undefined),
      );
    }
    return load;
  }

  /** Keeps a value that is known to be current. */
  store(key: string, value: V): void {
    if (this.#mayKeep(key)) this.#entries.set(key, value);
  }

  /** A write of these keys begins. */
  beginWrite(keys: Iterable<string>): void {
    for (const key of keys) {
      this.#loads.delete(key);
      this.#writing.set(key, (this.#writing.get(key) ?? 0) + 1);
    }
  }

  /** The write of the same keys ended, well or not. */
  endWrite(keys: Iterable<string>): void {
    for (const key of keys) {
      this.#endOne(key);
      this.#entries.delete(key);
    }
  }

  /** The write ended well, and these are now the values of its keys. */
  endWriteOf(values: Iterable<readonly [key: string, value: V]>): void {
    for (const [key, value] of values) {
      this.#endOne(key);
      if (this.#mayKeep(key)) this.#entries.set(key, value);
      else this.#entries.delete(key);
    }
  }

  /** Keeps nothing new from now on: what was written last may or may not have happened. */
  suspend(): void {
    this.#suspended = true;
    this.#loads.clear();
  }

  /** It is known again what happened. */
  resume(): void {
    this.#suspended = false;
  }

  #endOne(key: string): void {
    const others = (this.#writing.get(key) ?? 1) - 1;
    if (others === 0) this.#writing.delete(key);
    else this.#writing.set(key, others);
  }

  #mayKeep(key: string): boolean {
    return !this.#suspended && !this.#writing.has(key);
  }

  #finishLoad(key: string, load: Promise<V | undefined>, value: V | undefined): void {
    if (this.#loads.get(key) !== load) return;
    this.#loads.delete(key);
    if (value !== undefined) this.#entries.set(key, value);
  }
}

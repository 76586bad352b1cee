// The card catalogue over an engine: records instead of bytes, and the recently
// used records in memory, so that a get of one of them costs about a microsecond.
import { digestAlgorithm, digestOf, isDigest } from "../oci/digest.ts";
import { CatalogueSnapshot } from "./catalogue-snapshot.ts";
import { type Engine, type EngineChange, type EngineExpectation, isRefusal } from "./engine.ts";
import { EventTail } from "./event-tail.ts";
import { contentsOfManifests, type Key, type Prefix } from "./keys.ts";
import type {
  Change,
  Commit,
  DescriptorCacheStatistics,
  Entry,
  Expectation,
  LoggedEvent,
  MetadataSnapshot,
  MetadataStore,
  PageOptions,
  ReadEventsOptions,
} from "./metadata-store.ts";
import { pageOf, pageRange } from "./page-range.ts";
import { type CachedRecord, RecordCaches } from "./record-caches.ts";
import { decodeEvent, decodeRecord, encodeEvent, encodeRecord } from "./value-form.ts";

export interface CatalogueOptions {
  /** Memory for recently used records but links and blob records, in bytes. Absent: 64 MiB. */
  readonly cacheBytes?: number;
  /**
   * How many links and blob records are kept in memory beside them; 0: any number. "none": each is read from the engine
   * each time. Absent: 10,000.
   */
  readonly descriptorEntries?: number | "none";
  /** At most so many of the newest events are kept in memory. Absent: 8192. */
  readonly tailEvents?: number;
  /** At most so many bytes of them, as they are written. Absent: 8 MiB. */
  readonly tailBytes?: number;
}

const DEFAULT_CACHE_BYTES = 64 * 1024 * 1024;
const DEFAULT_DESCRIPTOR_ENTRIES = 10_000;
const DEFAULT_TAIL_EVENTS = 8192;
const DEFAULT_TAIL_BYTES = 8 * 1024 * 1024;

export class Catalogue implements MetadataStore {
  readonly #engine: Engine;
  readonly #cache: RecordCaches;
  readonly #tail: EventTail;
  readonly #listeners = new Set<() => void>();
  #announcing = false;
  /** The newest event that the listeners were told of, or that was there before them. */
  #announced: number;

  constructor(engine: Engine, options: CatalogueOptions = {}) {
    this.#engine = engine;
    this.#announced = engine.lastSequence();
    const entries = options.descriptorEntries ?? DEFAULT_DESCRIPTOR_ENTRIES;
    this.#cache = new RecordCaches({
      maxBytes: options.cacheBytes ?? DEFAULT_CACHE_BYTES,
      descriptorEntries: entries === "none" ? undefined : entries,
    });
    this.#tail = new EventTail({
      maxEvents: options.tailEvents ?? DEFAULT_TAIL_EVENTS,
      maxBytes: options.tailBytes ?? DEFAULT_TAIL_BYTES,
    });
  }

  get<R>(key: Key<R>): Promise<R | undefined> {
    const cached = this.#cache.peek(key.text);
    return cached === undefined ? this.#load(key) : Promise.resolve(recordOf(key, cached));
  }

  async page<R>(prefix: Prefix<R>, options: PageOptions): Promise<readonly Entry<R>[]> {
    return pageOf(await this.#engine.scan(pageRange(prefix, options)), prefix, options);
  }

  async commit({ changes, expectations = [], events = [] }: Commit): Promise<void> {
    const keys = changes.map(({ key }) => key.text);
    const appended = events.map(encodeEvent);
    this.#cache.beginWrite(keys);
    try {
      const last = await this.#engine.commit({
        changes: changes.map(engineChange),
        expectations: expectations.map(engineExpectation),
        events: appended,
      });
      this.#cache.resume();
      if (appended.length > 0) this.#tail.append(last - appended.length + 1, appended);
    } catch (error) {
      // Nobody knows whether a commit that failed in the disk happened. The engine
      // finds out before the next one succeeds; until then nothing new is remembered.
      if (!isRefusal(error)) this.#cache.suspend();
      throw error;
    } finally {
      this.#cache.endWrite(keys);
      this.#announce();
    }
  }

  async readEvents(
    after: number,
    limit: number,
    options: ReadEventsOptions = {},
  ): Promise<readonly LoggedEvent[]> {
    const behind = Math.max(after, this.trimmedSequence());
    const recent = this.#tail.read(behind, limit, this.lastSequence(), options);
    if (recent !== undefined) return recent;
    const events = await this.#engine.readEvents(behind, limit, options);
    return events.map(({ sequence, value }) => ({ sequence, event: decodeEvent(value) }));
  }

  lastSequence(): number {
    return this.#engine.lastSequence();
  }

  async trimEvents(upTo: number): Promise<void> {
    try {
      await this.#engine.trimEvents(upTo);
    } finally {
      this.#tail.dropUpTo(this.trimmedSequence());
      this.#announce();
    }
  }

  trimmedSequence(): number {
    return this.#engine.trimmedSequence();
  }

  async snapshot(): Promise<MetadataSnapshot> {
    return new CatalogueSnapshot(await this.#engine.snapshot());
  }

  descriptorCache(): DescriptorCacheStatistics | undefined {
    return this.#cache.descriptorStatistics();
  }

  onAppend(listener: () => void): () => void {
    const own = () => listener(); // the same function may listen twice
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  async #load<R>(key: Key<R>): Promise<R | undefined> {
    const loaded = await this.#cache.load(key.text, () => this.#read(key));
    return loaded === undefined ? undefined : recordOf(key, loaded);
  }

  async #read(key: Key<unknown>): Promise<CachedRecord | undefined> {
    const bytes = await this.#engine.get(key.text);
    if (bytes === undefined || !isWhole(key, bytes)) return undefined;
    return { record: decodeRecord(key, bytes), bytes: bytes.length };
  }

  /**
   * Once for all commits of a batch, and apart from them: a listener's failure is not theirs. Also a commit without
   * events can bring some to light: those of one that had failed, and had happened after all.
   */
  #announce(): void {
    if (this.#announcing || this.lastSequence() === this.#announced) return;
    this.#announcing = true;
    queueMicrotask(() => {
      this.#announcing = false;
      this.#announced = this.lastSequence();
      for (const listener of this.#listeners) listener();
    });
  }
}

/**
 * False for a manifest's bytes that a disk has changed: LevelDB does not look, and its digest tells. They lie in the
 * cellar too.
 */
function isWhole({ text }: Key<unknown>, bytes: Uint8Array): boolean {
  if (!text.startsWith(contentsOfManifests.text)) return true;
  const digest = text.slice(contentsOfManifests.text.length);
  return isDigest(digest) && digestOf(bytes, digestAlgorithm(digest)) === digest;
}

/** The only place that gives a cached record its type: it was decoded from this very key. */
function recordOf<R>(_key: Key<R>, { record }: CachedRecord): R {
  return record as R;
}

function engineChange(change: Change): EngineChange {
  switch (change.kind) {
    case "put":
      return { kind: "put", key: change.key.text, value: encodeRecord(change.key, change.record) };
    case "delete":
      return { kind: "delete", key: change.key.text };
    case "add":
      return { kind: "add", key: change.key.text, delta: change.delta };
    case "sum":
      return { ...change, key: change.key.text };
  }
}

function engineExpectation({ key, record }: Expectation): EngineExpectation {
  if (record === undefined) return { kind: "absent", key: key.text };
  return { kind: "equals", key: key.text, value: encodeRecord(key, record) };
}

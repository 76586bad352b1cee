// The card catalogue: typed reads, ordered pages, and one atomic commit of
// changes under expectations, with the events that announce them. No database
// type leaves this room. metadata/catalogue.ts is its one body; engines differ.
import type { Key, Prefix } from "./keys.ts";
import type { EventRecord } from "./records.ts";
import type { Sums } from "./sums.ts";
import { limitsOf, type SumsOf, sumsOf } from "./usage-form.ts";
import type { StoredRecord } from "./usage-record.ts";

/** A change to one record. Made by put, remove, add and sum. */
export type Change =
  | { readonly kind: "put"; readonly key: Key<unknown>; readonly record: unknown }
  | { readonly kind: "delete"; readonly key: Key<unknown> }
  | { readonly kind: "add"; readonly key: Key<number>; readonly delta: number }
  | SumChange;

/** See EngineSum. */
export interface SumChange extends Sums {
  readonly kind: "sum";
  readonly key: Key<unknown>;
  readonly limits?: readonly (number | undefined)[];
}

export function put<R>(key: Key<R>, record: R): Change {
  return { kind: "put", key, record };
}

export function remove(key: Key<unknown>): Change {
  return { kind: "delete", key };
}

/** Adds to a counter, which disappears when it reaches 0. */
export function add(key: Key<number>, delta: number): Change {
  return { kind: "add", key, delta };
}

/**
 * Adds to the sums of a row of usage, and keeps the latest of its times; the row disappears when all its sums are 0.
 * A sum that grows above its limit makes the commit fail with LimitExceeded (engine.ts).
 */
export function sum<R extends StoredRecord>(
  key: Key<R>,
  change: SumsOf<R>,
  limits: SumsOf<R> = {},
): SumChange {
  const most = limitsOf(key, limits);
  return { kind: "sum", key, ...sumsOf(key, change), ...(most !== undefined && { limits: most }) };
}

/** The record must be as it was read: undefined means that it must not be there. */
export interface Expectation {
  readonly key: Key<unknown>;
  readonly record: unknown;
}

export function expectRecord<R>(key: Key<R>, record: R | undefined): Expectation {
  return { key, record };
}

export interface Commit {
  readonly changes: readonly Change[];
  readonly expectations?: readonly Expectation[];
  readonly events?: readonly EventRecord[];
}

export interface PageOptions {
  /** Begin behind this name, which need not exist. Absent: at the start. */
  readonly after?: string;
  /** At most this many entries; at least 1. */
  readonly limit: number;
  /** The page ends early once its records have so many bytes; see EngineRange. Absent: any number. */
  readonly maxBytes?: number;
  /** True: records are not read, only names. */
  readonly namesOnly?: boolean;
  /** True: from the end backwards; `after` then is the name before which the page begins. */
  readonly reverse?: boolean;
}

export interface Entry<R> {
  /** The key without the prefix. */
  readonly name: string;
  /** Undefined when only names were asked for. */
  readonly record: R | undefined;
}

/** How much is read of the log at once. */
export interface ReadEventsOptions {
  /** The answer ends early, with the event that makes it so many bytes as they are written. Absent: any number. */
  readonly maxBytes?: number;
}

export interface LoggedEvent {
  /** The event's place in the log, from 1, without gaps; never given out again. */
  readonly sequence: number;
  readonly event: EventRecord;
}

/** A row of the catalogue as it is written. */
export interface RawRow {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Which of all rows. */
export interface RowsOptions {
  /** Begin behind this key, which need not exist. Absent: at the start. */
  readonly after?: string;
  /** At most so many; at least 1. */
  readonly limit: number;
  /** Ends with the row that makes the values so many bytes. Absent: any number. */
  readonly maxBytes?: number;
}

/** The catalogue as it was at one moment. Close it soon: what is removed meanwhile keeps its place on the disk. */
export interface MetadataSnapshot extends AsyncDisposable {
  /** The newest event of that moment: what it and all before it announced is in the snapshot, nothing later is. */
  readonly lastSequence: number;
  /** The record of that moment, or undefined; of many that are asked for at once each costs little. Throws as page does. */
  get<R>(key: Key<R>): Promise<R | undefined>;
  /** Like MetadataStore.page, of that moment. Throws UNAVAILABLE once the snapshot or the store is closed, or the store recovered from a failure. */
  page<R>(prefix: Prefix<R>, options: PageOptions): Promise<readonly Entry<R>[]>;
  /** All that is written, of whatever kind, in byte order of the keys: for copies of the whole (row-writer.ts). Throws as page does. */
  rows(options: RowsOptions): Promise<readonly RawRow[]>;
  /** May be called again, and after the store is closed. */
  close(): Promise<void>;
}

/** What became of the reads of links and blob records since the start. */
export interface DescriptorCacheStatistics {
  /** They were in memory. */
  readonly hits: number;
  /** They were not, or are not there at all. */
  readonly misses: number;
  /** How many are in memory now. */
  readonly entries: number;
}

export interface MetadataStore {
  /** The record, or undefined. It is shared: never change it. */
  get<R>(key: Key<R>): Promise<R | undefined>;
  /** Entries below the prefix in byte order of their names, seen at one moment. */
  page<R>(prefix: Prefix<R>, options: PageOptions): Promise<readonly Entry<R>[]>;
  /** All or nothing; durable when it resolves. Throws CommitConflict, LimitExceeded (engine.ts). */
  commit(commit: Commit): Promise<void>;
  /**
   * At most `limit` events behind the sequence, oldest first, from the first that is kept on.
   * The array is the caller's; the events are shared: never change them.
   */
  readEvents(after: number, limit: number, options?: ReadEventsOptions): Promise<readonly LoggedEvent[]>;
  /** The newest event's sequence; 0 when there never was one. Trimming does not change it. */
  lastSequence(): number;
  /**
   * Removes all events up to this one for good, or up to the newest if that is less.
   * Works in chunks between commits: when it throws, some may be removed.
   */
  trimEvents(upTo: number): Promise<void>;
  /** Every event up to this one has been removed; 0: none. */
  trimmedSequence(): number;
  /** All that is committed now, to be read page by page while it changes. Throws UNAVAILABLE. */
  snapshot(): Promise<MetadataSnapshot>;
  /** Undefined: links and blob records are not kept in memory. */
  descriptorCache(): DescriptorCacheStatistics | undefined;
  /** Calls the listener when there are new events, perhaps once for several commits. Returns how to stop. */
  onAppend(listener: () => void): () => void;
  close(): Promise<void>;
}

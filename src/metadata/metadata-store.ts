// The card catalogue: typed reads, ordered pages, and one atomic commit of
// changes under expectations, with the events that announce them. No database
// type leaves this room. metadata/catalogue.ts is its one body; engines differ.
import type { Key, Prefix } from "./keys.ts";
import type { EventRecord } from "./records.ts";

/** A change to one record. Made by put, remove and add. */
export type Change =
  | { readonly kind: "put"; readonly key: Key<unknown>; readonly record: unknown }
  | { readonly kind: "delete"; readonly key: Key<unknown> }
  | { readonly kind: "add"; readonly key: Key<number>; readonly delta: number };

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
}

export interface Entry<R> {
  /** The key without the prefix. */
  readonly name: string;
  /** Undefined when only names were asked for. */
  readonly record: R | undefined;
}

export interface LoggedEvent {
  /** The event's place in the log, from 1, without gaps. */
  readonly sequence: number;
  readonly event: EventRecord;
}

export interface MetadataStore {
  /** The record, or undefined. It is shared: never change it. */
  get<R>(key: Key<R>): Promise<R | undefined>;
  /** Entries below the prefix in byte order of their names, seen at one moment. */
  page<R>(prefix: Prefix<R>, options: PageOptions): Promise<readonly Entry<R>[]>;
  /** All or nothing; durable when it resolves. Throws CommitConflict (engine.ts). */
  commit(commit: Commit): Promise<void>;
  /** Events behind the sequence, oldest first. */
  readEvents(after: number, limit: number): Promise<readonly LoggedEvent[]>;
  /** The newest event's sequence; 0 when there never was one. */
  lastSequence(): number;
  /** Calls the listener after each commit that appended events. Returns how to stop. */
  onAppend(listener: () => void): () => void;
  close(): Promise<void>;
}

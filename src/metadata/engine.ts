// What a database must do to hold the card catalogue: an ordered map of text to
// bytes with one atomic, conditional commit, and an event log in the same commit.
// Every body of this interface passes test/contract/engine-contract.ts.

/** A change to one key. */
export type EngineChange =
  | { readonly kind: "put"; readonly key: string; readonly value: Uint8Array }
  | { readonly kind: "delete"; readonly key: string }
  /** Adds to a counter; absent counts as 0; a counter that reaches 0 is removed. Commutes, so it never conflicts. */
  | { readonly kind: "add"; readonly key: string; readonly delta: number }
  | EngineSum;

/**
 * Adds to several sums in one row (sums.ts). Commutes, so it never conflicts; an absent row counts as 0, and one whose
 * sums are all 0 is removed.
 */
export interface EngineSum {
  readonly kind: "sum";
  readonly key: string;
  /** By how much each of them grows. */
  readonly sums: readonly number[];
  /** Numbers of which the row keeps the highest. 0: none. */
  readonly highest: readonly number[];
  /** How high each may become by growing here. Absent, or undefined in its place: any number. */
  readonly limits?: readonly (number | undefined)[];
}

/** What must be true of a key for a commit to happen. */
export type EngineExpectation =
  | { readonly kind: "absent"; readonly key: string }
  | { readonly kind: "present"; readonly key: string }
  | { readonly kind: "equals"; readonly key: string; readonly value: Uint8Array };

export interface EngineCommit {
  readonly changes: readonly EngineChange[];
  readonly expectations: readonly EngineExpectation[];
  /** Events to append to the log, in order. They get consecutive sequence numbers without a gap. */
  readonly events: readonly Uint8Array[];
}

/** A half-open range of keys in byte order. */
export interface EngineRange {
  /** First key, included. */
  readonly from: string;
  /** First key behind the range. */
  readonly to: string;
  /** At most this many; at least 1. */
  readonly limit: number;
  /** Ends with the entry that makes the values so many bytes. Absent: any number. */
  readonly maxBytes?: number;
  /** True: from the end backwards. */
  readonly reverse?: boolean;
  /** False: keys only, values are empty. */
  readonly values?: boolean;
}

export interface EngineEntry {
  readonly key: string;
  readonly value: Uint8Array;
}

export interface SequencedEvent {
  /** 1 for the first event ever; each next one is one more. */
  readonly sequence: number;
  readonly value: Uint8Array;
}

/** The catalogue as it was at one moment. Close it soon: what is deleted meanwhile keeps its place on the disk. */
export interface EngineSnapshot {
  /** The newest event of that moment: its commit and all before it are in the snapshot, none after it is. */
  readonly lastSequence: number;
  /** The key's value at that moment, or undefined. Throws as scan does. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** The entries of the range at that moment. Throws UNAVAILABLE once the snapshot or the engine is closed, or the engine recovered from a failure. */
  scan(range: EngineRange): Promise<readonly EngineEntry[]>;
  /** May be called again, and after the engine is closed. */
  close(): Promise<void>;
}

export interface Engine {
  get(key: string): Promise<Uint8Array | undefined>;
  /** The entries of the range, seen at one moment. */
  scan(range: EngineRange): Promise<readonly EngineEntry[]>;
  /**
   * Does all or nothing, and resolves once it is durable, to the sequence of its own
   * last event, or when it has none, of the last event before it. Throws CommitConflict
   * when an expectation does not hold, and LimitExceeded when all do and a sum would pass its limit.
   */
  commit(commit: EngineCommit): Promise<number>;
  /**
   * Events with a sequence above `after`, oldest first, at most `limit`. Begins with the first that is kept, and ends
   * early with the one that makes them `maxBytes`.
   */
  readEvents(
    after: number,
    limit: number,
    options?: { readonly maxBytes?: number },
  ): Promise<readonly SequencedEvent[]>;
  /** The sequence of the newest event; 0 when there never was one. Removing events does not change it. */
  lastSequence(): number;
  /**
   * Removes all events up to this sequence for good, or up to the newest if that is less.
   * Works in chunks between the commits of others: when it throws, some may be removed.
   */
  trimEvents(upTo: number): Promise<void>;
  /** Every event up to this one has been removed; 0: none. */
  trimmedSequence(): number;
  /** All that is committed now. Commits that resolve later may or may not be in it, but in order and whole. */
  snapshot(): Promise<EngineSnapshot>;
  close(): Promise<void>;
}

/** Thrown by commit: the key whose expectation did not hold. Nothing was changed. */
export class CommitConflict extends Error {
  override readonly name = "CommitConflict";
  readonly key: string;

  constructor(key: string) {
    super(`commit conflict on ${JSON.stringify(key)}`);
    this.key = key;
  }
}

/** Thrown by commit: a sum would grow above its limit. Nothing was changed. */
export class LimitExceeded extends Error {
  override readonly name = "LimitExceeded";
  readonly key: string;
  /** The place of the sum in its row. */
  readonly place: number;
  readonly limit: number;
  /** What the sum is without the commit. */
  readonly used: number;
  /** By how much the commit would have it grow. */
  readonly requested: number;

  constructor(facts: Pick<LimitExceeded, "key" | "place" | "limit" | "used" | "requested">) {
    const { key, place, limit, used, requested } = facts;
    super(
      `sum ${place} of ${JSON.stringify(key)} is ${used}, and ${requested} more would pass its limit ${limit}`,
    );
    this.key = key;
    this.place = place;
    this.limit = limit;
    this.used = used;
    this.requested = requested;
  }
}

/** True: the commit that failed so is known not to have happened. */
export function isRefusal(error: unknown): boolean {
  return error instanceof CommitConflict || error instanceof LimitExceeded;
}

// Removes old events. Age waits, for a while, for those who have not had them yet;
// the number of events does not, for it is what keeps the disk from filling up.
import type { MetadataStore } from "../metadata/metadata-store.ts";
import { consumerSequences } from "./consumers.ts";
import { lastOlder } from "./event-time.ts";

export interface RetentionOptions {
  readonly metadata: MetadataStore;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** Events older than this are removed, in milliseconds. Absent: none are for their age. */
  readonly ageMs?: number;
  /** Only so many of the newest events are kept. Absent: any number. */
  readonly count?: number;
  /** How much longer than `ageMs` events are kept for those who are behind, in milliseconds. */
  readonly holdMs: number;
  /** Up to where others than consumers have come. Absent: there are none. */
  readonly others?: () => Promise<readonly number[]>;
  /** A clock that nobody sets, in milliseconds. Absent: the process's own. */
  readonly steadyNow?: () => number;
}

/** A clock that moves away from the steady one by more than this between two runs was set, in milliseconds. */
const CLOCK_JUMP_MS = 5 * 60_000;

/** A clock that was set is believed again when it has kept step for so long, in milliseconds. */
const CLOCK_DOUBT_MS = 60 * 60_000;

export class Retention {
  readonly #options: RetentionOptions;
  readonly #steadyNow: () => number;
  /** By how much the clock is before the steady one. */
  #offset: number | undefined;
  #believedFrom = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#steadyNow = options.steadyNow ?? (() => performance.now());
  }

  /** Removes what may be removed now. One run at a time: who asks meanwhile waits for the one under way. */
  run(): Promise<void> {
    this.#running ??= this.#trim().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #trim(): Promise<void> {
    const { metadata } = this.#options;
    const target = Math.max(this.#allowedByCount(), await this.#allowedByAge());
    if (target > metadata.trimmedSequence()) await metadata.trimEvents(target);
  }

  #allowedByCount(): number {
    const { count, metadata } = this.#options;
    return count === undefined ? 0 : metadata.lastSequence() - count;
  }

  async #allowedByAge(): Promise<number> {
    const { ageMs, holdMs, metadata, now } = this.#options;
    if (ageMs === undefined || !this.#believesClock()) return 0;
    const old = await lastOlder(metadata, now() - ageMs);
    const slowest = await this.#slowest();
    if (slowest >= old) return old;
    return Math.max(slowest, await lastOlder(metadata, now() - ageMs - holdMs));
  }

  /** Of those for whom something can still be kept; who has missed events already must begin anew. */
  async #slowest(): Promise<number> {
    const { metadata, others } = this.#options;
    const trimmed = metadata.trimmedSequence();
    const sequences = [...(await consumerSequences(metadata)), ...((await others?.()) ?? [])];
    return sequences.reduce(
      (least, sequence) => (sequence < trimmed ? least : Math.min(least, sequence)),
      Number.POSITIVE_INFINITY,
    );
  }

  /** A clock that is suddenly in another year must not empty the log. */
  #believesClock(): boolean {
    const steady = this.#steadyNow();
    const offset = this.#options.now() - steady;
    const jump = Math.abs(offset - (this.#offset ?? offset));
    this.#offset = offset;
    if (jump > CLOCK_JUMP_MS) this.#believedFrom = steady + CLOCK_DOUBT_MS;
    return steady >= this.#believedFrom;
  }
}

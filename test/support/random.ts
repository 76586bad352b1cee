// Chance that can be repeated: the same seed makes the same choices.
import { createHash } from "node:crypto";
import { noise } from "./generated-files.ts";

/** A source of choices. Not for secrets. */
export class Random {
  readonly seed: string;
  #state: number;
  #derived = 0;

  constructor(seed: string) {
    this.seed = seed;
    this.#state = createHash("sha256").update(seed).digest().readUInt32LE();
  }

  /** Takes the seed from the environment, so that a failure can be repeated; otherwise makes one up. */
  static fromEnvironment(variable: string): Random {
    return new Random(process.env[variable] ?? String(Date.now()));
  }

  /** Another source, which makes its own choices. */
  fork(): Random {
    return new Random(`${this.seed}/${this.#derived++}`);
  }

  /** At least 0, below 1. mulberry32. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number; both ends are possible. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const picked = items[this.integer(0, items.length - 1)];
    if (picked === undefined) throw new Error("nothing to pick from");
    return picked;
  }

  bytes(size: number): Buffer {
    return noise(`${this.seed}/${this.#derived++}`, size);
  }
}

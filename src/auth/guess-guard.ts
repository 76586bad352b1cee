// Makes guessing passwords slow without locking anybody out. Failures are counted
// for the address they come from, never for the user they name; a wrong answer is
// held back for longer with each; a right one never waits for anything but its check.
import { LRUCache } from "lru-cache";
import { RegistryError } from "../oci/errors.ts";
import { networkOf } from "../oci/network.ts";
import { Unauthorized } from "./credentials.ts";
import { FairQueue } from "./fair-queue.ts";
import type { Principal } from "./principal.ts";

export interface GuessGuardOptions {
  /** In milliseconds, of any beginning. */
  readonly now: () => number;
  /** Runs it after so many milliseconds; returns what prevents that. Absent: a timer. */
  readonly later?: (run: () => void, milliseconds: number) => () => void;
  /** How many checks run at a time. They take threads that files are read by, too; there are four. Absent: 2. */
  readonly concurrency?: number;
  /** How many checks may wait for that. Absent: 1000. */
  readonly maxWaiting?: number;
  /** How many checks of one address may wait, run or be held back. Absent: 16. */
  readonly maxPerAddress?: number;
  /** How many answers may be held back; more are given at once. Absent: 10,000. */
  readonly maxDelayed?: number;
  /** How many addresses' failures are known; the ones without failures for longest go first. Absent: 10,000. */
  readonly maxAddresses?: number;
}

interface Failures {
  readonly count: number;
  /** Of the last. */
  readonly time: number;
}

/** So many wrong answers are given at once: people mistype. */
const FREE_FAILURES = 3;

const FIRST_DELAY_MS = 500;

const MAX_DELAY_MS = 8000;

/** An address without failures for so long is as good as new. */
const FORGET_AFTER_MS = 900_000;

export class GuessGuard {
  readonly #now: () => number;
  readonly #later: NonNullable<GuessGuardOptions["later"]>;
  readonly #maxPerAddress: number;
  readonly #maxDelayed: number;
  readonly #checks: FairQueue;
  readonly #failures: LRUCache<string, Failures>;
  /** How many of an address wait, run or are held back; no zeros. */
  readonly #busy = new Map<string, number>();
  /** What gives each answer that is held back. */
  readonly #held = new Set<() => void>();
  #isClosed = false;

  constructor(options: GuessGuardOptions) {
    const { concurrency = 2, maxWaiting = 1000, maxAddresses = 10_000 } = options;
    this.#now = options.now;
    this.#later = options.later ?? startTimer;
    this.#maxPerAddress = options.maxPerAddress ?? 16;
    this.#maxDelayed = options.maxDelayed ?? 10_000;
    this.#checks = new FairQueue({ concurrency, maxWaiting });
    this.#failures = new LRUCache({ max: maxAddresses });
  }

  /** How many addresses take memory. */
  get size(): number {
    return this.#failures.size + this.#busy.size;
  }

  /**
   * The check's answer. Undefined, and Unauthorized, count as failures. Throws TOOMANYREQUESTS, without a check, to an
   * address with too many under way, or when too many wait.
   */
  async run(
    address: string | undefined,
    check: () => Promise<Principal | undefined>,
  ): Promise<Principal | undefined> {
    const network = networkOf(address);
    const busy = this.#busy.get(network) ?? 0;
    if (busy >= this.#maxPerAddress) throw this.#tooMany(network, address);
    this.#busy.set(network, busy + 1);
    try {
      const found = await this.#checks.run(network, check);
      if (found === undefined) await this.#holdBack(network);
      return found;
    } catch (error) {
      if (error instanceof Unauthorized) await this.#holdBack(network);
      throw error;
    } finally {
      this.#leave(network);
    }
  }

  /** Answers that are held back are given at once, now and from now on. */
  close(): void {
    this.#isClosed = true;
    for (const release of this.#held) release();
  }

  #leave(network: string): void {
    const left = (this.#busy.get(network) ?? 1) - 1;
    if (left > 0) this.#busy.set(network, left);
    else this.#busy.delete(network);
  }

  async #holdBack(network: string): Promise<void> {
    const count = this.#failuresOf(network) + 1;
    this.#failures.set(network, { count, time: this.#now() });
    const delay = delayOf(count);
    if (delay > 0 && this.#held.size < this.#maxDelayed && !this.#isClosed) await this.#pause(delay);
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const release = () => {
        cancel();
        this.#held.delete(release);
        resolve();
      };
      const cancel = this.#later(release, milliseconds);
      this.#held.add(release);
    });
  }

  #failuresOf(network: string): number {
    const failures = this.#failures.get(network);
    if (failures === undefined || this.#now() - failures.time >= FORGET_AFTER_MS) return 0;
    return failures.count;
  }

  #tooMany(network: string, address = "a Unix socket"): RegistryError {
    const seconds = Math.max(1, Math.ceil(delayOf(this.#failuresOf(network)) / 1000));
    return new RegistryError(
      "TOOMANYREQUESTS",
      { retry_after: String(seconds) },
      { message: `too many logins at a time from ${address}; try again in ${seconds} s` },
    );
  }
}

/** How long the answer to the failure of this number is held back. */
function delayOf(count: number): number {
  if (count <= FREE_FAILURES) return 0;
  return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (count - FREE_FAILURES - 1));
}

function startTimer(run: () => void, milliseconds: number): () => void {
  const timer = setTimeout(run, milliseconds);
  return () => clearTimeout(timer);
}

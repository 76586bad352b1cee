// Which requests are traced. A caller whose word counts decides for its own; of all
// others it is a share, by lot: whoever may choose a trace id or a flag must not be
// able to choose what we record. Of both there are so many a second at most, because
// to trace a request costs more than to answer many a one.

export interface SamplingOptions {
  /** The share that is traced, from 0 to 1. */
  readonly share: number;
  /** How many a second are traced by lot at most. 0: any number. */
  readonly rate: number;
  /** How many a second callers can have traced. 0: none. */
  readonly parentRate: number;
  /** From 0 to below 1. Absent: Math.random. */
  readonly random?: () => number;
  /** In milliseconds, from any beginning. Absent: performance.now. */
  readonly now?: () => number;
}

export class Sampling {
  readonly #share: number;
  readonly #random: () => number;
  /** Undefined: there is no limit. */
  readonly #lots: Allowance | undefined;
  /** Undefined: nobody is followed. */
  readonly #parents: Allowance | undefined;

  constructor(options: SamplingOptions) {
    const { share, rate, parentRate, random = Math.random, now = () => performance.now() } = options;
    this.#share = share;
    this.#random = random;
    this.#lots = rate === 0 ? undefined : new Allowance(rate, now);
    this.#parents = parentRate === 0 ? undefined : new Allowance(parentRate, now);
  }

  /** Of a request about which nobody who counts has decided. */
  byLot(): boolean {
    return this.#random() < this.#share && (this.#lots?.take() ?? true);
  }

  /** Of a request whose caller counts. */
  asDecided(isSampled: boolean): boolean {
    if (this.#parents === undefined) return this.byLot();
    return isSampled && (this.#parents.take() || this.byLot());
  }
}

/** So many a second; a second's worth can be saved up. */
class Allowance {
  readonly #rate: number;
  readonly #now: () => number;
  #left: number;
  #countedAt: number;

  constructor(rate: number, now: () => number) {
    this.#rate = rate;
    this.#now = now;
    this.#left = rate;
    this.#countedAt = now();
  }

  take(): boolean {
    const now = this.#now();
    const earned = ((now - this.#countedAt) / 1000) * this.#rate;
    this.#left = Math.min(this.#rate, this.#left + earned);
    this.#countedAt = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}

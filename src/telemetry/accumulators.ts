// What hot paths count with: plain numbers, found once by their labels and then only
// added to, which costs some nanoseconds. They are read when somebody scrapes.

/** A number that grows, or goes up and down. */
export class Tally {
  value = 0;

  add(by = 1): void {
    this.value += by;
  }
}

/** How many values fell below each of some bounds, and what they come to. */
export class Distribution {
  readonly bounds: readonly number[];
  /** In each place how many values are at most that bound and above the one before; in the last the rest. */
  readonly counts: Float64Array;
  sum = 0;

  /** Bounds ascend. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let place = 0;
    while (place < bounds.length && value > (bounds[place] ?? 0)) place++;
    counts[place] = (counts[place] ?? 0) + 1;
    this.sum += value;
  }
}

export type Labels = Readonly<Record<string, string>>;

/** One accumulator for each set of labels that was asked for. */
export class Family<L extends Labels, A> {
  readonly #make: () => A;
  readonly #members = new Map<string, Member<L, A>>();

  constructor(make: () => A) {
    this.#make = make;
  }

  /** The same each time for the same labels. To be asked once: it costs more than counting. */
  of(labels: L): A {
    const key = JSON.stringify(Object.values(labels));
    const known = this.#members.get(key);
    if (known !== undefined) return known.accumulator;
    const accumulator = this.#make();
    this.#members.set(key, { labels, accumulator });
    return accumulator;
  }

  get members(): Iterable<Member<L, A>> {
    return this.#members.values();
  }
}

export interface Member<L extends Labels, A> {
  readonly labels: L;
  readonly accumulator: A;
}

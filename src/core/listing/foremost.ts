// The first items of a list in some order, of any number of items that come in no
// order: it remembers twice as many as were asked for, and no more.
import type { Place, Ranked } from "./place.ts";

/** Names as they sort; most are as they are. */
export type SortedName = (name: string) => string;

export interface ForemostOptions {
  /** How many are wanted; at least 1. */
  readonly count: number;
  readonly descending: boolean;
  /** Only those behind this place. Absent: all. */
  readonly after?: Place | undefined;
  /** By what names sort. Absent: by themselves, byte by byte. */
  readonly sortedName?: SortedName;
}

export class Foremost<T> {
  readonly #count: number;
  readonly #sign: 1 | -1;
  readonly #after: Place | undefined;
  readonly #sortedName: SortedName;
  #items: Ranked<T>[] = [];
  /** What comes behind it is not among the first. Undefined: not known yet. */
  #worst: Place | undefined;

  constructor({ count, descending, after, sortedName = (name) => name }: ForemostOptions) {
    this.#count = count;
    this.#sign = descending ? -1 : 1;
    this.#after = after;
    this.#sortedName = sortedName;
  }

  add(ranked: Ranked<T>): void {
    const { place } = ranked;
    if (this.#after !== undefined && this.#compare(place, this.#after) <= 0) return;
    if (this.#worst !== undefined && this.#compare(place, this.#worst) > 0) return;
    this.#items.push(ranked);
    if (this.#items.length >= 2 * this.#count) this.#cut();
  }

  /** As many as are wanted, or as there are, in their order. */
  take(): readonly Ranked<T>[] {
    this.#cut();
    return this.#items;
  }

  #cut(): void {
    this.#items = this.#items.sort((a, b) => this.#compare(a.place, b.place)).slice(0, this.#count);
    if (this.#items.length === this.#count) this.#worst = this.#items.at(-1)?.place;
  }

  #compare(a: Place, b: Place): number {
    const difference = this.#sign * ((a.value ?? 0) - (b.value ?? 0));
    if (difference !== 0) return difference;
    const [first, second] = [this.#sortedName(a.name), this.#sortedName(b.name)];
    return first < second ? -1 : Number(first > second);
  }
}

// What one reader of the event log was given, in the order in which it came, and whether that was the log: each
// event at least once, never one before its time, and nothing else.

/** One thing that a reader is given. */
export interface Item {
  /** The same wherever the event is seen. */
  readonly id: string;
  /** All that is said of it, in a form that can be compared. */
  readonly content: string;
}

/** One thing that a reader must be given. */
export interface DueItem extends Item {
  /** The event's place in the log. */
  readonly cursor: string;
}

interface Handover {
  readonly items: readonly Item[];
  readonly isAccepted: boolean;
}

export class Reading {
  readonly reader: string;
  readonly #handovers: Handover[] = [];

  constructor(reader: string) {
    this.reader = reader;
  }

  /** What the reader accepts it has; what it refuses must come again. */
  take(items: readonly Item[], { isAccepted }: { readonly isAccepted: boolean }): void {
    this.#handovers.push({ items, isAccepted });
  }

  /**
   * Throws unless the reader had all that is due, in order. It may have been sent back to what it had, any number of
   * times, and must then have gone on from there. Returns how many items came again.
   */
  repeated(due: readonly DueItem[]): number {
    const places = new Map(due.map(({ id }, place) => [id, place]));
    if (places.size !== due.length) throw new Error("ids in the log are not unique");
    let next = 0; // everything before this was accepted
    let count = 0;
    for (const { items, isAccepted } of this.#handovers) {
      let first: number | undefined;
      let last = next - 1;
      for (const item of items) {
        const place = places.get(item.id) ?? this.#fail(`${item.id} came, which is not in the log`);
        this.#checkContent(item, due[place]);
        const expected = last + 1;
        if (first === undefined ? place > expected : place !== expected)
          this.#fail(`${shown(due[place])} came where ${shown(due[expected])} was due`);
        first ??= place;
        last = place;
      }
      next = isAccepted ? last + 1 : (first ?? next);
      count += items.length;
    }
    if (next < due.length) this.#fail(`in the end it still lacked ${shown(due[next])}`);
    return count - due.length;
  }

  #checkContent(item: Item, due: DueItem | undefined): void {
    if (item.content !== due?.content)
      this.#fail(`${shown(due)} came as\n${item.content}\nand is\n${due?.content}`);
  }

  #fail(problem: string): never {
    throw new Error(`${this.reader}: ${problem}`);
  }
}

function shown(due: DueItem | undefined): string {
  return due === undefined ? "nothing" : `cursor ${due.cursor} (${due.id})`;
}

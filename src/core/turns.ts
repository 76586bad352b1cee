// Lets many long jobs share the one thread with everybody else. In each turn of the
// event loop a few of them get a slice; the others wait in line, so that a request
// or a write waits for some milliseconds at most, however many jobs there are.

/** How many slices there are in one turn of the event loop. A push takes some ten turns: each has its share of them to wait. */
const SLICES_PER_TURN = 4;

/** A job that has worked for so long goes to the end of the line, in milliseconds. */
const SLICE_MS = 1;

export class Turns {
  readonly #line: (() => void)[] = [];
  #given = 0;
  #isScheduled = false;

  /** Calls back with the next slice: at once while this turn has one left. */
  next(go: () => void): void {
    this.#schedule();
    if (this.#given < SLICES_PER_TURN && this.#line.length === 0) {
      this.#given++;
      go();
    } else this.#line.push(go);
  }

  /** For a job that begins to work now. */
  pace(): Pace {
    return new Pace(this);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#begin());
  }

  #begin(): void {
    this.#isScheduled = false;
    const going = this.#line.splice(0, SLICES_PER_TURN);
    this.#given = going.length;
    if (going.length > 0) this.#schedule();
    for (const go of going) go();
  }
}

/** Tells a job when it has had its slice. */
export class Pace {
  readonly #turns: Turns;
  #since = performance.now();

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  get isSpent(): boolean {
    return performance.now() - this.#since > SLICE_MS;
  }

  /** Waits in line for the next slice. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => this.#turns.next(resolve));
    this.restart();
  }

  /** The job was given a slice in another way. */
  restart(): void {
    this.#since = performance.now();
  }
}

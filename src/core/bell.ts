// Wakes those who wait for events: a thousand of them cost one listener and one
// timer. They are woken a few at a time, so that the writer who rang is not held up.
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { Turns } from "./turns.ts";

/** The timer that all share rings at most so often, in milliseconds. */
const GRAIN_MS = 10;

/** The longest time a timer can be set to. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class Bell {
  readonly #metadata: MetadataStore;
  readonly #turns: Turns;
  readonly #waiting = new Set<Ear>();
  #timer: NodeJS.Timeout | undefined;
  #timerDue = Number.POSITIVE_INFINITY;

  constructor(metadata: MetadataStore, turns: Turns) {
    this.#metadata = metadata;
    this.#turns = turns;
    metadata.onAppend(() => this.#wake((ear) => ear.sequence < metadata.lastSequence()));
  }

  /** For one who is going to wait, often, until the signal aborts. Dispose of it in the end. */
  listen(signal: AbortSignal): Ear {
    return new Ear(this, signal);
  }

  /** True: the log has something behind the sequence. */
  hasBehind(sequence: number): boolean {
    return this.#metadata.lastSequence() > sequence;
  }

  add(ear: Ear): void {
    this.#waiting.add(ear);
    if (ear.due < this.#timerDue) this.#setTimer(ear.due);
  }

  remove(ear: Ear): void {
    this.#waiting.delete(ear);
    if (this.#waiting.size > 0) return;
    clearTimeout(this.#timer);
    this.#timerDue = Number.POSITIVE_INFINITY;
  }

  #wake(isMeant: (ear: Ear) => boolean): void {
    for (const ear of this.#waiting) {
      if (!isMeant(ear)) continue;
      this.#waiting.delete(ear); // the timer stays: who comes back is due later
      this.#turns.next(() => ear.wake());
    }
  }

  #setTimer(due: number): void {
    clearTimeout(this.#timer);
    this.#timerDue = due;
    const delay = Math.max(GRAIN_MS, Math.ceil(due - performance.now()));
    this.#timer = setTimeout(() => this.#strike(), Math.min(delay, MAX_TIMER_MS));
  }

  #strike(): void {
    const now = performance.now();
    this.#timerDue = Number.POSITIVE_INFINITY;
    this.#wake((ear) => ear.due <= now);
    let next = Number.POSITIVE_INFINITY;
    for (const { due } of this.#waiting) next = Math.min(next, due);
    if (next < this.#timerDue) this.#setTimer(next);
  }
}

/** One who waits. */
export class Ear implements Disposable {
  /** It waits for something behind this. */
  sequence = 0;
  /** It is woken then in any case, by performance.now(). */
  due = Number.POSITIVE_INFINITY;
  readonly #bell: Bell;
  readonly #signal: AbortSignal;
  #resolve: () => void = () => {};

  constructor(bell: Bell, signal: AbortSignal) {
    this.#bell = bell;
    this.#signal = signal;
    signal.addEventListener("abort", this.#stop);
  }

  /** Resolves when the log has something behind the sequence, after the time in milliseconds, or when the signal aborts. */
  wait(sequence: number, timeoutMs = Number.POSITIVE_INFINITY): Promise<void> {
    if (this.#signal.aborted || timeoutMs <= 0 || this.#bell.hasBehind(sequence)) return Promise.resolve();
    return new Promise((resolve) => {
      this.sequence = sequence;
      this.due = performance.now() + timeoutMs;
      this.#resolve = resolve;
      this.#bell.add(this);
    });
  }

  wake(): void {
    this.#resolve();
  }

  readonly #stop = (): void => {
    this.#bell.remove(this);
    this.#resolve();
  };

  [Symbol.dispose](): void {
    this.#bell.remove(this);
    this.#signal.removeEventListener("abort", this.#stop);
  }
}

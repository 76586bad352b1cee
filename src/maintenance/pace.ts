// Keeps work at a rate: after so many pieces it waits until their time is over.
import { setTimeout as sleep } from "node:timers/promises";

/** Time that was not used is not saved up for longer than this, in milliseconds. */
const MOST_SAVED_MS = 1000;

export class Pace {
  readonly #perSecond: number;
  /** When the pieces so far may have been done. */
  #paidUntil = performance.now();

  /** 0: any number a second. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Resolves when so many more pieces were allowed, or when the signal aborts. */
  async after(pieces: number, signal?: AbortSignal): Promise<void> {
    if (this.#perSecond === 0 || pieces === 0) return;
    const now = performance.now();
    this.#paidUntil = Math.max(this.#paidUntil, now - MOST_SAVED_MS) + (pieces / this.#perSecond) * 1000;
    const wait = this.#paidUntil - now;
    if (wait > 0) await sleep(wait, undefined, signal && { signal }).catch(() => undefined);
  }
}

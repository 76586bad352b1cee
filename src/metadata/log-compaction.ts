// After many events were removed, asks the database for their space. Nobody waits
// for it, and when it fails the database does the same by itself, later.
import type { Database } from "./database.ts";
import { eventKey } from "./event-keys.ts";

/** Events per request. Fewer are not worth one; closing waits for at most one. */
const STEP = 50_000;

export class LogCompaction {
  readonly #database: Database;
  /** Events up to this one are done, or were removed before we were there. */
  #done: number;
  #trimmed: number;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(database: Database, trimmed: number) {
    this.#database = database;
    this.#done = trimmed;
    this.#trimmed = trimmed;
  }

  /** All events up to this one have been removed. */
  advance(trimmed: number): void {
    this.#trimmed = Math.max(this.#trimmed, trimmed);
    if (this.#isEnough()) this.#running ??= this.#run();
  }

  /** Stops after the step that is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  /** Called when there is something to do, so it never ends before it is known to run. */
  async #run(): Promise<void> {
    while (this.#isEnough()) {
      const from = this.#done;
      this.#done += STEP; // also when it fails: what failed is not tried again
      await this.#database.compact(eventKey(from + 1), eventKey(from + STEP + 1)).catch(() => {});
    }
    this.#running = undefined;
  }

  #isEnough(): boolean {
    return !this.#closed && this.#trimmed - this.#done >= STEP;
  }
}

// Work of which only a little is done at a time, in turns: each of those who ask has
// a line of its own, and who has many in line waits for the others between them.
import { RegistryError } from "../oci/errors.ts";

export interface FairQueueOptions {
  /** How much is done at a time. */
  readonly concurrency: number;
  /** The most that may wait, all lines together. */
  readonly maxWaiting: number;
}

interface Waiting {
  readonly start: () => void;
  readonly refuse: (error: RegistryError) => void;
}

export class FairQueue {
  readonly #options: FairQueueOptions;
  /** Never empty ones; the first is the next to have its turn. */
  readonly #lines = new Map<string, Waiting[]>();
  #waiting = 0;
  #running = 0;

  constructor(options: FairQueueOptions) {
    this.#options = options;
  }

  /** Does the work when it is its turn. Throws TOOMANYREQUESTS when too much waits. */
  async run<T>(line: string, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#options.concurrency) this.#running++;
    else await this.#wait(line);
    try {
      return await work();
    } finally {
      // Whoever is next takes the place over; otherwise somebody new could slip in between.
      if (!this.#startNext()) this.#running--;
    }
  }

  #wait(name: string): Promise<void> {
    if (this.#waiting >= this.#options.maxWaiting && !this.#makeRoomFor(name))
      return Promise.reject(tooMuch());
    const line = this.#lines.get(name) ?? [];
    this.#lines.set(name, line);
    this.#waiting++;
    return new Promise((start, refuse) => line.push({ start, refuse }));
  }

  #startNext(): boolean {
    for (const [name, line] of this.#lines) {
      const next = line.shift();
      this.#lines.delete(name);
      if (line.length > 0) this.#lines.set(name, line); // at the end
      if (next === undefined) continue;
      this.#waiting--;
      next.start();
      return true;
    }
    return false;
  }

  /** The longest line loses its last one, unless the one that asks would be as long. */
  #makeRoomFor(name: string): boolean {
    let longest: readonly [string, Waiting[]] | undefined;
    for (const entry of this.#lines)
      if (longest === undefined || entry[1].length > longest[1].length) longest = entry;
    const own = this.#lines.get(name)?.length ?? 0;
    if (longest === undefined || longest[1].length <= own + 1) return false;
    longest[1].pop()?.refuse(tooMuch());
    this.#waiting--;
    return true;
  }
}

function tooMuch(): RegistryError {
  return new RegistryError(
    "TOOMANYREQUESTS",
    { retry_after: "1" },
    { message: "too many passwords are to be checked; try again later" },
  );
}

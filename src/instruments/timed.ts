// A clock around work, be it done at once, by and by, or for a client that takes its
// time in between. What fails has taken its time too.
import type { Distribution, Tally } from "../telemetry/accumulators.ts";

export async function timed<T>(seconds: Distribution, work: () => Promise<T>): Promise<T> {
  const begin = performance.now();
  try {
    return await work();
  } finally {
    seconds.observe((performance.now() - begin) / 1000);
  }
}

export interface TimedItemsOptions<T> {
  /** Told once, when the iteration has ended, how long it took to make the items. */
  readonly seconds: Distribution;
  readonly onItem?: (item: T) => void;
}

/** Passes items on, and measures the time until each is there, not what is done with it. */
export function timedItems<T>(items: AsyncIterable<T>, options: TimedItemsOptions<T>): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => new TimedIterator(items[Symbol.asyncIterator](), options) };
}

class TimedIterator<T> implements AsyncIterator<T> {
  readonly #items: AsyncIterator<T>;
  readonly #options: TimedItemsOptions<T>;
  #spentMs = 0;
  #isOver = false;

  constructor(items: AsyncIterator<T>, options: TimedItemsOptions<T>) {
    this.#items = items;
    this.#options = options;
  }

  async next(): Promise<IteratorResult<T>> {
    const begin = performance.now();
    let isLast = true;
    try {
      const result = await this.#items.next();
      isLast = result.done === true;
      if (result.done !== true) this.#options.onItem?.(result.value);
      return result;
    } finally {
      this.#spentMs += performance.now() - begin;
      if (isLast) this.#end();
    }
  }

  async return(value?: unknown): Promise<IteratorResult<T>> {
    this.#end();
    return (await this.#items.return?.(value)) ?? { done: true, value: undefined };
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.seconds.observe(this.#spentMs / 1000);
  }
}

/** Counts the bytes of chunks, and how long they are waited for. */
export class AwaitedChunks implements AsyncIterable<Uint8Array> {
  readonly #chunks: AsyncIterable<Uint8Array>;
  readonly #bytes: Tally;
  #waitedMs = 0;

  constructor(chunks: AsyncIterable<Uint8Array>, bytes: Tally) {
    this.#chunks = chunks;
    this.#bytes = bytes;
  }

  /** The time spent on something that takes the chunks, without the time that it waited for them. */
  async timed<T>(seconds: Distribution, work: () => Promise<T>): Promise<T> {
    const begin = performance.now();
    try {
      return await work();
    } finally {
      seconds.observe(Math.max(performance.now() - begin - this.#waitedMs, 0) / 1000);
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const chunks = this.#chunks[Symbol.asyncIterator]();
    return {
      next: async () => {
        const begin = performance.now();
        try {
          const result = await chunks.next();
          if (result.done !== true) this.#bytes.add(result.value.length);
          return result;
        } finally {
          this.#waitedMs += performance.now() - begin;
        }
      },
      return: async (value) => (await chunks.return?.(value)) ?? { done: true, value: undefined },
    };
  }
}

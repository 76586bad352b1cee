// Reads of single rows, many at a time: what is asked for while other reads are
// under way is read together when one of them ends. A way to a thread and back
// costs more than a read, so this halves the processor time of many readers; one
// alone waits for nobody.
import type { RowValue } from "./batch-plan.ts";

interface Waiting {
  readonly key: string;
  readonly resolve: (value: RowValue) => void;
  readonly reject: (error: unknown) => void;
}

/** Two, so that one slow read from the disk does not hold everybody up. */
const MAX_RUNNING = 2;
const MAX_KEYS = 256;

export class GroupRead {
  readonly #readMany: (keys: string[]) => Promise<readonly RowValue[]>;
  #queue: Waiting[] = [];
  #running = 0;
  #isScheduled = false;

  constructor(readMany: (keys: string[]) => Promise<readonly RowValue[]>) {
    this.#readMany = readMany;
  }

  /** The row as it is at some moment after the call. */
  get(key: string): Promise<RowValue> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ key, resolve, reject });
      this.#schedule();
    });
  }

  /** Who asks for many at once gets them in as few groups as they fit in. */
  #schedule(): void {
    if (this.#isScheduled || this.#running === MAX_RUNNING) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running++;
    while (this.#queue.length > 0) await this.#readGroup(this.#queue.splice(0, MAX_KEYS));
    this.#running--;
  }

  async #readGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const values = await this.#readMany(group.map(({ key }) => key));
      group.forEach(({ resolve }, index) => {
        resolve(values[index]);
      });
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }
}

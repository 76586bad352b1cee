// Something that is asked at each scrape. One that hangs, as a disk that is gone can,
// holds up nobody for long, and is not asked again before it has answered.
import { setTimeout as sleep } from "node:timers/promises";

export type ReadSource<T> = () => readonly T[] | Promise<readonly T[]>;

export class Source<T> {
  readonly #name: string;
  readonly #read: ReadSource<T>;
  #running: Promise<readonly T[]> | undefined;

  constructor(name: string, read: ReadSource<T>) {
    this.#name = name;
    this.#read = read;
  }

  /** What it says; nothing when it fails, takes longer than that, or has not answered the last one who asked. */
  async ask(patienceMs: number, report: (error: unknown, source: string) => void): Promise<readonly T[]> {
    if (this.#running !== undefined) return [];
    const asking = this.#ask().finally(() => {
      this.#running = undefined;
    });
    this.#running = asking;
    const enough = new AbortController();
    const { signal } = enough;
    try {
      const tired = sleep(patienceMs, "tired" as const, { signal, ref: false }).catch(() => "tired" as const);
      const answer = await Promise.race([asking, tired]);
      if (answer !== "tired") return answer;
      asking.catch(() => undefined); // nobody waits for it any more
      throw new Error(`no answer within ${patienceMs} ms`);
    } catch (error) {
      report(error, this.#name);
      return [];
    } finally {
      enough.abort();
    }
  }

  /** What a source throws at once is a rejection too. */
  async #ask(): Promise<readonly T[]> {
    return this.#read();
  }
}

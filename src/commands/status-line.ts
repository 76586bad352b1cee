// How far long work is, in one line of a terminal that is written over and over.
import { cutEnd } from "./cut.ts";
import type { Output } from "./world.ts";

const CLEAR = "\r\x1b[K";

export class StatusLine {
  readonly #out: Output;
  #isShown = false;

  /** Where there is no terminal nothing is shown. */
  constructor(out: Output) {
    this.#out = out;
  }

  async show(text: string): Promise<void> {
    const { isTerminal, columns = 80, write } = this.#out;
    if (!isTerminal) return;
    this.#isShown = true;
    await write(`${CLEAR}${cutEnd(text, columns - 1)}`);
  }

  /** To be called before anything else is written to the terminal. */
  async clear(): Promise<void> {
    if (!this.#isShown) return;
    this.#isShown = false;
    await this.#out.write(CLEAR);
  }
}

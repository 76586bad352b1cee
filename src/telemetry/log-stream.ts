// Lines on their way to standard error. Nobody waits for them: they go out in pieces,
// one after the other, and what the reader is too slow for is dropped and counted.
// (sonic-boom, pino's own, asks a full pipe again every 100 ms, which is 640 KB a second
// at most; the stream behind this is woken when there is room.)
import type { LogDestination } from "./log-options.ts";

export interface LogStreamOptions {
  /** True: people read it as it is written. */
  readonly isTerminal: boolean;
  /** Resolves when the text is taken; does not reject. */
  readonly write: (text: string) => Promise<void>;
  /** Writes before it returns, as far as that can be. Must not throw. */
  readonly writeNow: (text: string) => void;
  /** Told, when there is room again, how many lines were lost. */
  readonly onLost?: (lines: number) => void;
}

/** How much may wait, in characters. */
const MAX_WAITING = 4 * 1024 * 1024;

/** The size of a piece that does not wait for more, in characters. */
const PIECE = 16 * 1024;

/** How long a line may wait for others, in milliseconds. */
const WAIT_MS = 50;

/** The longest wait for somebody who does not read, in milliseconds. */
const FLUSH_MS = 1000;

/** In which a thread has handed to the system what it was given, in milliseconds. */
const THREAD_MS = 50;

export class LogStream implements LogDestination {
  readonly isTerminal: boolean;
  readonly #options: LogStreamOptions;
  #waiting = "";
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dropped = 0;
  #untold = 0;
  #isEnding = false;
  #isMuted = false;

  constructor(options: LogStreamOptions) {
    this.#options = options;
    this.isTerminal = options.isTerminal;
  }

  /** How many lines were lost since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The line goes out as soon as the one before it has. */
  write(line: string): void {
    if (this.#isMuted) return;
    if (this.#isEnding) this.#options.writeNow(line);
    else if (this.#take(line)) this.#send();
  }

  /** The line may wait for others, for less time than a person notices. */
  writeLater(line: string): void {
    if (this.#isEnding || !this.#take(line)) return;
    if (this.#waiting.length >= PIECE) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), WAIT_MS);
  }

  /** Resolves when what was written before is out, or after a second: nobody may read it. */
  async flush(): Promise<void> {
    this.#send();
    const waited = new AbortController();
    const timeout = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, FLUSH_MS);
      waited.signal.addEventListener("abort", () => clearTimeout(timer));
    });
    const isDone = async () => {
      while (this.#writing !== undefined) await this.#writing;
    };
    await Promise.race([isDone(), timeout]);
    waited.abort();
  }

  /** For the end of the process: what waits is written before this returns, and so is each further line. */
  endNow(): void {
    clearTimeout(this.#timer);
    // A piece that a thread is writing goes first.
    if (this.#writing !== undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, THREAD_MS);
    this.#isEnding = true;
    const text = this.#waiting;
    this.#waiting = "";
    if (text !== "") this.#options.writeNow(text);
  }

  /** What is logged meanwhile is not written: somebody else tells it. */
  muted(work: () => void): void {
    this.#isMuted = true;
    try {
      work();
    } finally {
      this.#isMuted = false;
    }
  }

  #take(line: string): boolean {
    if (this.#waiting.length + line.length > MAX_WAITING) {
      this.#dropped += 1;
      this.#untold += 1;
      return false;
    }
    this.#waiting += line;
    return true;
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#writing !== undefined || this.#waiting === "") return;
    const piece = this.#waiting;
    this.#waiting = "";
    this.#writing = this.#options.write(piece).then(() => {
      this.#writing = undefined;
      this.#tellLost();
      if (this.#waiting !== "") this.#send();
    });
  }

  #tellLost(): void {
    const lost = this.#untold;
    if (lost === 0) return;
    this.#untold = 0;
    this.#options.onLost?.(lost);
  }
}

// Lines on their way to standard error. Nobody waits for them: they go out in pieces,
// one after the other, and what the reader is too slow for is dropped and counted.
// (sonic-boom, pino's own, asks a full pipe again every 100 ms, which is 640 KB a second
// at most; the stream behind this is woken when there is room.)
import type { LogDestination } from "./log-options.ts";
import { UnwrittenError } from "./whole-writer.ts";

export interface LogStreamOptions {
  /** True: people read it as it is written. */
  readonly isTerminal: boolean;
  /** Resolves when the text is taken. Rejects where it is lost, with UnwrittenError where a part of it is written. */
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

const LINE_END = 0x0a;

export class LogStream implements LogDestination {
  readonly isTerminal: boolean;
  readonly #options: LogStreamOptions;
  #waiting: string[] = [];
  /** Of all that waits, in characters. */
  #length = 0;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dropped = 0;
  #untold = 0;
  /** The last line that was written lacks its end. */
  #isBroken = false;
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
    if (this.#length >= PIECE) this.#send();
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
    const text = this.#takeWaiting();
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
    if (this.#length + line.length > MAX_WAITING) {
      this.#drop(1);
      return false;
    }
    this.#waiting.push(line);
    this.#length += line.length;
    return true;
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#writing !== undefined || this.#length === 0) return;
    const piece = this.#takeWaiting();
    this.#writing = this.#write(piece).then(() => {
      this.#writing = undefined;
      if (this.#length > 0) this.#send();
    });
  }

  async #write(piece: string): Promise<void> {
    try {
      await this.#options.write(piece);
    } catch (error) {
      this.#lose(Buffer.from(piece), error instanceof UnwrittenError ? error.bytesWritten : 0);
      return; // A line about it would be lost, too, and be followed by another.
    }
    this.#isBroken = false;
    this.#tellLost();
  }

  /** A line of which only the beginning was written ends there, so that the next one is whole. */
  #takeWaiting(): string {
    const text = this.#waiting.join("");
    this.#waiting = [];
    this.#length = 0;
    return this.#isBroken ? `\n${text}` : text;
  }

  #lose(piece: Buffer, written: number): void {
    const ends = piece.subarray(written).filter((byte) => byte === LINE_END).length;
    this.#drop(this.#isBroken && written === 0 ? ends - 1 : ends);
    if (written > 0) this.#isBroken = piece[written - 1] !== LINE_END;
  }

  #drop(lines: number): void {
    this.#dropped += lines;
    this.#untold += lines;
  }

  #tellLost(): void {
    const lost = this.#untold;
    if (lost === 0) return;
    this.#untold = 0;
    this.#options.onLost?.(lost);
  }
}

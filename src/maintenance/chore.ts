// Something the registry does by itself now and then: never twice at once, and broken
// off when the registry closes. Times may be further away than a timer can wait, and
// clocks can be set, so it looks every now and then whether its time has come.

export interface ChoreOptions {
  /** When it is to be done next, in milliseconds since 1970; not after now: at once. */
  readonly next: () => Promise<number> | number;
  /** Does it; ends early when the signal aborts. */
  readonly work: (signal: AbortSignal) => Promise<void>;
  /** Told what went wrong; it is tried again when its time comes, or with the next look. */
  readonly failed: (error: unknown) => void;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** How often it looks, in milliseconds. */
  readonly lookMs: number;
}

export class Chore {
  readonly #options: ChoreOptions;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;

  constructor(options: ChoreOptions) {
    this.#options = options;
  }

  /** Looks at once, and then again and again. */
  begin(): void {
    const look = () => {
      this.#working ??= this.#look().finally(() => {
        this.#working = undefined;
      });
    };
    this.#timer = setInterval(look, this.#options.lookMs).unref();
    look();
  }

  /** Resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    clearInterval(this.#timer);
    await this.#working;
  }

  async #look(): Promise<void> {
    const { next, now, work, failed } = this.#options;
    const { signal } = this.#stop;
    try {
      if (!signal.aborted && (await next()) <= now()) await work(signal);
    } catch (error) {
      // What closing breaks off has not failed: it is done again after the next start.
      if (!signal.aborted) failed(error);
    }
  }
}

/** The next time for what is done once in each interval of this process, beginning with the first question. */
export function everySo(intervalMs: number, now: () => number): () => number {
  let next: number | undefined;
  return () => {
    const time = now();
    // A clock that was set back must not put it off for longer than it ever takes.
    if (next === undefined || next <= time || next > time + intervalMs) {
      const due = next === undefined || next <= time;
      next = time + intervalMs;
      if (due) return time;
    }
    return next;
  };
}

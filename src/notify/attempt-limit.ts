// Ends an attempt when its time is over or when somebody asks for it.

/** The longest time that a timer can be set to; it would take a longer one for none at all. */
const LONGEST = 2 ** 31 - 1;

export class AttemptLimit implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #stops: readonly AbortSignal[];
  #ended: "late" | "stopped" | undefined;

  constructor(timeoutMs: number, stops: readonly AbortSignal[]) {
    this.#stops = stops;
    this.#timer = setTimeout(() => this.#end("late"), Math.min(timeoutMs, LONGEST));
    for (const stop of stops) stop.addEventListener("abort", this.#stop);
    if (stops.some((stop) => stop.aborted)) this.#stop();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why it was ended. Absent: it was not. */
  get ended(): "late" | "stopped" | undefined {
    return this.#ended;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const stop of this.#stops) stop.removeEventListener("abort", this.#stop);
  }

  readonly #stop = (): void => this.#end("stopped");

  #end(why: "late" | "stopped"): void {
    this.#ended ??= why;
    this.#controller.abort();
  }
}

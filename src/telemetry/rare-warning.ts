// A warning about what may fail thousands of times an hour: told at once, and then
// at most once a minute with what has come together.

/** pino's loggers fit. */
export interface WarningLogger {
  warn(fields: object, message: string): void;
}

const INTERVAL_MS = 60_000;

export class RareWarning {
  readonly #logger: WarningLogger;
  readonly #message: string;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #untold = 0;
  #facts: object = {};

  constructor(logger: WarningLogger, message: string) {
    this.#logger = logger;
    this.#message = message;
  }

  /** The facts that are told are the latest; `count` is of all since the last time. */
  tell(facts: object, count = 1): void {
    this.#untold += count;
    this.#facts = facts;
    if (performance.now() >= this.#quietUntil) this.#warn();
  }

  /** Tells what is not told yet. */
  end(): void {
    if (this.#untold > 0) this.#warn();
  }

  #warn(): void {
    this.#logger.warn({ ...this.#facts, count: this.#untold }, this.#message);
    this.#untold = 0;
    this.#quietUntil = performance.now() + INTERVAL_MS;
  }
}

// Reports what may happen thousands of times a second: at once, and then at most
// once a minute. Whoever counts hears of each.
const INTERVAL_MS = 60_000;

export class RareReport {
  readonly #report: (error: unknown, message: string) => void;
  readonly #message: string;
  readonly #each: () => void;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #unreported = 0;

  constructor(
    message: string,
    report: (error: unknown, message: string) => void,
    each: () => void = () => undefined,
  ) {
    this.#message = message;
    this.#each = each;
    this.#report = report;
  }

  /** `detail`: of the latest; those between two reports are only counted. */
  tell(detail: string): void {
    this.#each();
    const now = performance.now();
    this.#unreported += 1;
    if (now < this.#quietUntil) return;
    this.#report(new Error(`${detail}; ${this.#unreported} since the last report`), this.#message);
    this.#quietUntil = now + INTERVAL_MS;
    this.#unreported = 0;
  }
}

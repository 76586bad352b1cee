// Answers of a receiver that cannot be relied on.
import type { Random } from "../support/random.ts";

export class MoodyAnswers {
  /** How likely a request is not answered well. */
  failing = 0.5;
  readonly #random: Random;
  #arrived: (() => void) | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Resolves with the next request, which will be answered well. */
  nextArrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }

  readonly answer = (): 200 | 500 | 503 | "reset" => {
    const arrived = this.#arrived;
    this.#arrived = undefined;
    arrived?.();
    if (arrived !== undefined || !this.#random.chance(this.failing)) return 200;
    return this.#random.pick([500, 503, "reset"] as const);
  };
}

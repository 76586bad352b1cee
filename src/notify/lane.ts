// One after the other, in the order they came.

export class Lane {
  #last: Promise<unknown> = Promise.resolve();

  /** Begins the work when all that was given before has ended, however it ended. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  /** Resolves when everything given so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}

// How many are listening at this moment.

export class Audience {
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** One more, until it is disposed of. */
  enter(): Disposable {
    this.#size += 1;
    return {
      [Symbol.dispose]: () => {
        this.#size -= 1;
      },
    };
  }
}

// Buffers of one size, used again and again, so that bytes in motion make no garbage.

export class BufferPool {
  readonly size: number;
  readonly #spare: Buffer[] = [];
  readonly #maxSpare: number;

  /** Keeps up to maxSpare buffers that nobody uses. */
  constructor(options: { readonly size: number; readonly maxSpare: number }) {
    this.size = options.size;
    this.#maxSpare = options.maxSpare;
  }

  take(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.size);
  }

  /** The caller must not touch the buffer any more, nor have an operation running on it. */
  give(buffer: Buffer): void {
    if (this.#spare.length < this.#maxSpare) this.#spare.push(buffer);
  }
}

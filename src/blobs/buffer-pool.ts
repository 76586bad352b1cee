// Buffers of one size, used again and again, so that bytes in motion make no garbage.
// They begin at a page of memory, as writing past the page cache demands.

// Of WebAssembly nothing else is needed, and only browsers' types declare it.
declare const WebAssembly: {
  readonly Memory: new (descriptor: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
};

/** How many buffers are made at once. */
const SLAB = 16;

/** WebAssembly's unit of memory, which is a multiple of every page size. In bytes. */
const WASM_PAGE = 64 * 1024;

export class BufferPool {
  readonly size: number;
  readonly #spare: Buffer[] = [];

  /** The size is a multiple of 64 KiB. */
  constructor(size: number) {
    if (size % WASM_PAGE !== 0)
      throw new Error(`a buffer of ${size} bytes is not a multiple of ${WASM_PAGE}`);
    this.size = size;
  }

  take(): Buffer {
    const spare = this.#spare.pop();
    if (spare !== undefined) return spare;
    this.#addSlab();
    return this.take();
  }

  /** The caller must not touch the buffer any more, nor have an operation running on it. */
  give(buffer: Buffer): void {
    this.#spare.push(buffer);
  }

  /** The memory of WebAssembly is the one kind that begins at a page; a buffer's place is chosen by malloc. */
  #addSlab(): void {
    const { buffer } = new WebAssembly.Memory({ initial: (SLAB * this.size) / WASM_PAGE });
    for (let index = SLAB - 1; index >= 0; index--)
      this.#spare.push(Buffer.from(buffer, index * this.size, this.size));
  }
}

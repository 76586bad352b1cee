// Between chunks of any size and a file that likes large writes: gathers the chunks
// in a buffer, and writes and hashes one buffer while the next is being filled.
import type { BufferPool } from "./buffer-pool.ts";
import type { UploadFile } from "./upload-file.ts";

export class GatheringWriter {
  readonly #file: UploadFile;
  readonly #pool: BufferPool;
  #buffer: Buffer | undefined;
  #filled = 0;
  /** Where the buffer is full. */
  #capacity: number;
  #writing: Promise<void> | undefined;

  constructor(file: UploadFile, pool: BufferPool) {
    this.#file = file;
    this.#pool = pool;
    // After the first buffer every write begins at a multiple of the buffer's size.
    this.#capacity = pool.size - (file.size % pool.size);
  }

  /** Takes the bytes over. Throws when an earlier write failed. */
  async add(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0; ) {
      this.#buffer ??= this.#pool.take();
      const taken = rest.subarray(0, this.#capacity - this.#filled);
      this.#buffer.set(taken, this.#filled);
      this.#filled += taken.length;
      rest = rest.subarray(taken.length);
      if (this.#filled === this.#capacity) await this.#write();
    }
  }

  /** Resolves when all bytes are in the file. Throws when a write failed; the bytes behind it are lost. */
  async end(): Promise<void> {
    try {
      await this.#write();
    } finally {
      await this.#writing;
    }
  }

  /** Starts to write the buffer when the one before it is written. */
  async #write(): Promise<void> {
    await this.#writing;
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    const writing = this.#file
      .append(buffer.subarray(0, this.#filled))
      .finally(() => this.#pool.give(buffer));
    writing.catch(() => undefined); // thrown where it is awaited, which may be later
    this.#writing = writing;
    this.#buffer = undefined;
    this.#filled = 0;
    this.#capacity = this.#pool.size;
  }
}

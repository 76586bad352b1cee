// A file that only grows. One hand writes it.
import { closeFile, syncData, writeAt } from "./file-io.ts";

export class GrowingFile {
  readonly #fd: number;
  #size = 0;
  #syncedSize = 0;

  /** The file is open for writing, and empty. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  /** When it throws, some of the bytes may be there; what is appended next takes their place. */
  async append(bytes: Uint8Array): Promise<void> {
    await writeAt(this.#fd, bytes, this.#size);
    this.#size += bytes.length;
  }

  /** Resolves when all that was appended is durable. */
  async sync(): Promise<void> {
    if (this.#syncedSize === this.#size) return;
    const size = this.#size;
    await syncData(this.#fd);
    this.#syncedSize = size;
  }

  /** Makes it durable and closes it. */
  async close(): Promise<void> {
    try {
      await this.sync();
    } finally {
      await closeFile(this.#fd);
    }
  }

  /** Closes it as it is. */
  drop(): Promise<void> {
    return closeFile(this.#fd);
  }
}

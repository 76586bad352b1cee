// Writing past the page cache. A large upload is read again by others, later, if at
// all; copying it through the cache costs more than all else about it and pushes out
// what is being read. Needs a filesystem that allows it, and whole, aligned blocks.
import { constants } from "node:fs";
import { closeFile, openFile, writeAt } from "./file-io.ts";
import { isSystemError } from "./storage-errors.ts";

/** Positions, lengths and memory are multiples of this; no disk asks for more. In bytes. */
const BLOCK = 4096;

const DIRECT = constants.O_WRONLY | constants.O_DIRECT;

/** Remembers, for all files of a store, that its filesystem does not allow it. */
export interface DirectWriting {
  possible: boolean;
}

/** The same file as the upload's, opened a second time for whole blocks. */
export class DirectFile {
  readonly #path: string;
  readonly #writing: DirectWriting;
  #fd: number | undefined;

  constructor(path: string, writing: DirectWriting) {
    this.#path = path;
    this.#writing = writing;
  }

  /** Writes the bytes, which begin at a page of memory; false when that is not possible, and nothing was written. */
  async write(bytes: Uint8Array, position: number): Promise<boolean> {
    if (!this.#writing.possible || position % BLOCK !== 0 || bytes.length % BLOCK !== 0) return false;
    try {
      this.#fd ??= await openFile(this.#path, DIRECT);
      await writeAt(this.#fd, bytes, position);
      return true;
    } catch (error) {
      if (!isSystemError(error, "EINVAL")) throw error;
      this.#writing.possible = false;
      return false;
    }
  }

  /** It can be written to again. */
  async close(): Promise<void> {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) await closeFile(fd);
  }
}

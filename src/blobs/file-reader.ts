// Reads a file through two buffers: while the caller has one, the other is being
// filled. Whatever happens, nothing reads from the file any more once it is closed.
import type { BufferPool } from "./buffer-pool.ts";
import { closeFile, openFile, readAt, statFile } from "./file-io.ts";
import { isSystemError } from "./storage-errors.ts";

/** A part of a file: length bytes from offset on. */
export interface FileSpan {
  readonly offset: number;
  readonly length: number;
}

/** A buffer that is being filled. */
interface ReadAhead {
  readonly buffer: Buffer;
  readonly reading: Promise<number>;
}

export class FileReader {
  readonly #fd: number;
  #reading: Promise<number> | undefined;
  #closing: Promise<void> | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Undefined when there is no such file. */
  static async open(path: string): Promise<FileReader | undefined> {
    try {
      return new FileReader(await openFile(path, "r"));
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  async size(): Promise<number> {
    return (await statFile(this.#fd)).size;
  }

  /** The bytes of the span in new memory. */
  async readWhole(span: FileSpan): Promise<Buffer> {
    const whole = Buffer.allocUnsafeSlow(span.length);
    for (let done = 0; done < span.length; ) {
      done += await this.#read(whole.subarray(done), span.offset + done);
    }
    return whole;
  }

  /** The bytes of the span. A chunk is valid until the next one is asked for. */
  async *chunks(span: FileSpan, pool: BufferPool): AsyncGenerator<Uint8Array, void, undefined> {
    const end = span.offset + span.length;
    let position = span.offset;
    let next =
      position < end ? this.#readAhead(pool, { offset: position, length: end - position }) : undefined;
    try {
      while (next !== undefined) {
        const { buffer, reading } = next;
        const size = await reading;
        position += size;
        next =
          position < end ? this.#readAhead(pool, { offset: position, length: end - position }) : undefined;
        yield buffer.subarray(0, size);
        pool.give(buffer);
      }
    } finally {
      await next?.reading.catch(() => undefined);
      if (next !== undefined) pool.give(next.buffer);
    }
  }

  /** Waits for a read that is running. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #readAhead(pool: BufferPool, span: FileSpan): ReadAhead {
    const buffer = pool.take();
    const reading = this.#read(buffer.subarray(0, span.length), span.offset);
    reading.catch(() => undefined); // thrown where it is awaited, which may be later
    return { buffer, reading };
  }

  async #close(): Promise<void> {
    await this.#reading?.catch(() => undefined);
    await closeFile(this.#fd);
  }

  async #read(buffer: Uint8Array, position: number): Promise<number> {
    if (this.closed) throw new Error("the file has been closed");
    this.#reading = readAt(this.#fd, buffer, position);
    const size = await this.#reading;
    if (size === 0) throw new Error(`the file ends at byte ${position}, before it should`);
    return size;
  }
}

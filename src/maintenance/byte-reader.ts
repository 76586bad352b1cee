// Takes a stream of bytes apart, piece by piece, and hashes what it hands out.
import { createHash } from "node:crypto";

/** Thrown when the bytes end before a piece is whole. */
export class EndedEarly extends Error {
  override readonly name = "EndedEarly";
}

export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #hash = createHash("sha256");
  #rest: Buffer = Buffer.alloc(0);
  #offset = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** How many bytes were handed out. */
  get offset(): number {
    return this.#offset;
  }

  /** Of all bytes that were handed out, in hex. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  /** Throws EndedEarly. */
  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [this.#rest];
    for (let has = this.#rest.length; has < length; has += parts.at(-1)?.length ?? 0)
      parts.push(await this.#more());
    const bytes = parts.length === 1 ? this.#rest : Buffer.concat(parts);
    return this.#hand(bytes, length);
  }

  /** A line without its end; undefined when it would be longer than that. Throws EndedEarly. */
  async line(most: number): Promise<string | undefined> {
    for (;;) {
      const end = this.#rest.indexOf(10);
      if (end > most || (end === -1 && this.#rest.length > most)) return undefined;
      if (end >= 0) return this.#hand(this.#rest, end + 1).toString("utf8", 0, end);
      this.#rest = Buffer.concat([this.#rest, await this.#more()]);
    }
  }

  /** True: nothing is left. */
  async isAtEnd(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#source.next();
      if (done === true) return true;
      this.#rest = Buffer.from(value);
    }
    return false;
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  #hand(bytes: Buffer, length: number): Buffer {
    const piece = bytes.subarray(0, length);
    this.#rest = bytes.subarray(length);
    this.#offset += length;
    this.#hash.update(piece);
    return piece;
  }

  async #more(): Promise<Buffer> {
    const { done, value } = await this.#source.next();
    if (done === true) throw new EndedEarly(`it ends at byte ${this.#offset + this.#rest.length}`);
    return Buffer.from(value); // the source may use its memory again
  }
}

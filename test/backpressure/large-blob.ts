// Blobs too large to be held in memory carelessly: made of one block again and again, pushed and pulled as streams.
import { createHash } from "node:crypto";
import { noise } from "../support/generated-files.ts";
import type { HttpCaller } from "../support/http-caller.ts";

export const MEBIBYTE = 1024 * 1024;

export class LargeBlob {
  readonly size: number;
  readonly digest: string;
  readonly #block: Buffer;

  /** The same seed and size make the same bytes. */
  constructor(seed: string, mebibytes: number) {
    this.size = mebibytes * MEBIBYTE;
    this.#block = noise(seed, MEBIBYTE);
    const hash = createHash("sha256");
    for (let block = 0; block < mebibytes; block++) hash.update(this.#block);
    this.digest = `sha256:${hash.digest("hex")}`;
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let sent = 0; sent < this.size; sent += MEBIBYTE) yield this.#block;
  }

  /** Pushes the blob in one request, and returns its path. */
  async push(http: HttpCaller, repository: string): Promise<string> {
    const path = `/v2/${repository}/blobs/uploads/?digest=${this.digest}`;
    await http.expect([201], { method: "POST", path, body: this.chunks() });
    return `/v2/${repository}/blobs/${this.digest}`;
  }

  /** Pulls it and throws when the bytes are others. */
  async pull(http: HttpCaller, path: string): Promise<void> {
    await this.check(await http.open({ method: "GET", path }));
  }

  /** Reads the bytes and throws when they are others. */
  async check(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const hash = createHash("sha256");
    for await (const chunk of bytes) hash.update(chunk);
    const digest = `sha256:${hash.digest("hex")}`;
    if (digest !== this.digest) throw new Error(`the bytes have digest ${digest}, not ${this.digest}`);
  }
}

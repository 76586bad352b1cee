// A cellar without bytes: everything succeeds and nothing is kept. For filling a
// catalogue fast, where only its cards matter.
import type { BlobStore } from "../src/blobs/blob-store.ts";
import type { UploadStore } from "../src/blobs/upload-store.ts";
import type { Digest } from "../src/oci/digest.ts";

export class BlobCardsOnly implements BlobStore {
  async stat(): Promise<undefined> {}

  // biome-ignore lint/correctness/useYield: there is never a byte to yield
  async *read(digest: Digest): AsyncGenerator<Uint8Array> {
    throw new Error(`the bytes of ${digest} were not kept`);
  }

  async get(): Promise<undefined> {}

  async put(): Promise<void> {}

  async delete(): Promise<boolean> {
    return false;
  }

  async sync(): Promise<void> {}

  async *list(): AsyncGenerator<never> {}

  async inspect(): Promise<undefined> {}

  readStored(digest: Digest): AsyncGenerator<Uint8Array> {
    return this.read(digest);
  }

  async quarantine(): Promise<boolean> {
    return false;
  }

  async *strays(): AsyncGenerator<never> {}

  async removeStray(): Promise<boolean> {
    return false;
  }

  async close(): Promise<void> {}
}

export class UploadCardsOnly implements UploadStore {
  readonly #sizes = new Map<string, number>();

  begin(): void {}

  async size(id: string): Promise<number> {
    return this.#sizes.get(id) ?? 0;
  }

  async write(id: string, _options: unknown, chunks: AsyncIterable<Uint8Array>): Promise<number> {
    let size = await this.size(id);
    for await (const chunk of chunks) size += chunk.length;
    this.#sizes.set(id, size);
    return size;
  }

  commit(id: string): Promise<number> {
    return this.size(id);
  }

  async finish(id: string, options: unknown, _digest: Digest, chunks: AsyncIterable<Uint8Array>) {
    return { size: await this.write(id, options, chunks), remains: true };
  }

  async discard(id: string): Promise<void> {
    this.#sizes.delete(id);
  }

  async lastWrite(): Promise<undefined> {}

  async discardWhere(id: string, isOver: (lastWrite: undefined) => boolean | Promise<boolean>) {
    return (await isOver(undefined)) && this.#sizes.delete(id);
  }

  async *list(): AsyncGenerator<string> {
    yield* this.#sizes.keys();
  }

  async close(): Promise<void> {}
}

// An upload store with a clock around it that stands still while a client takes its time.
import type { FinishedUpload, UploadStore, WriteOptions } from "../blobs/upload-store.ts";
import type { Digest } from "../oci/digest.ts";
import type { ByteTallies, TimesOf } from "./store-metrics.ts";
import { AwaitedChunks, timed, timedItems } from "./timed.ts";

export class MeasuredUploadStore implements UploadStore {
  readonly #store: UploadStore;
  readonly #bytes: ByteTallies;
  readonly #times;

  constructor(store: UploadStore, times: TimesOf, bytes: ByteTallies) {
    this.#store = store;
    this.#bytes = bytes;
    this.#times = {
      stat: times("Stat"),
      write: times("Writer"),
      commit: times("Move"),
      discard: times("Delete"),
      list: times("List"),
    };
  }

  begin(id: string): void {
    this.#store.begin(id);
  }

  size(id: string): Promise<number> {
    return timed(this.#times.stat, () => this.#store.size(id));
  }

  lastWrite(id: string): Promise<number | undefined> {
    return timed(this.#times.stat, () => this.#store.lastWrite(id));
  }

  write(id: string, options: WriteOptions, chunks: AsyncIterable<Uint8Array>): Promise<number> {
    const awaited = new AwaitedChunks(chunks, this.#bytes.written);
    return awaited.timed(this.#times.write, () => this.#store.write(id, options, awaited));
  }

  commit(id: string, digest: Digest): Promise<number> {
    return timed(this.#times.commit, () => this.#store.commit(id, digest));
  }

  /** Its last bytes and what follows are one step of the store, and take one time. */
  finish(
    id: string,
    options: WriteOptions,
    digest: Digest,
    chunks: AsyncIterable<Uint8Array>,
  ): Promise<FinishedUpload> {
    const awaited = new AwaitedChunks(chunks, this.#bytes.written);
    return awaited.timed(this.#times.write, () => this.#store.finish(id, options, digest, awaited));
  }

  discard(id: string): Promise<void> {
    return timed(this.#times.discard, () => this.#store.discard(id));
  }

  discardWhere(
    id: string,
    isOver: (lastWrite: number | undefined) => boolean | Promise<boolean>,
  ): Promise<boolean> {
    return timed(this.#times.discard, () => this.#store.discardWhere(id, isOver));
  }

  list(): AsyncIterable<string> {
    return timedItems(this.#store.list(), { seconds: this.#times.list });
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

// A blob store with a clock around what it does for requests. What checks and mends
// it from the side is let through as it is.
import type { BlobInspection } from "../blobs/blob-inspection.ts";
import type { BlobStore, ByteRange, ListedBlob } from "../blobs/blob-store.ts";
import type { Digest } from "../oci/digest.ts";
import type { ByteTallies, TimesOf } from "./store-metrics.ts";
import { timed, timedItems } from "./timed.ts";

export class MeasuredBlobStore implements BlobStore {
  readonly #store: BlobStore;
  readonly #bytes: ByteTallies;
  readonly #times;

  constructor(store: BlobStore, times: TimesOf, bytes: ByteTallies) {
    this.#store = store;
    this.#bytes = bytes;
    this.#times = {
      stat: times("Stat"),
      read: times("Reader"),
      get: times("GetContent"),
      put: times("PutContent"),
      delete: times("Delete"),
      list: times("List"),
    };
  }

  stat(digest: Digest): Promise<number | undefined> {
    return timed(this.#times.stat, () => this.#store.stat(digest));
  }

  read(digest: Digest, range: ByteRange, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const { read } = this.#bytes;
    const onItem = ({ length }: Uint8Array) => read.add(length);
    return timedItems(this.#store.read(digest, range, signal), { seconds: this.#times.read, onItem });
  }

  async get(digest: Digest): Promise<Uint8Array | undefined> {
    const content = await timed(this.#times.get, () => this.#store.get(digest));
    if (content !== undefined) this.#bytes.read.add(content.length);
    return content;
  }

  async put(digest: Digest, content: Uint8Array): Promise<void> {
    await timed(this.#times.put, () => this.#store.put(digest, content));
    this.#bytes.written.add(content.length);
  }

  delete(digest: Digest): Promise<boolean> {
    return timed(this.#times.delete, () => this.#store.delete(digest));
  }

  sync(): Promise<void> {
    return this.#store.sync();
  }

  list(): AsyncIterable<ListedBlob> {
    return timedItems(this.#store.list(), { seconds: this.#times.list });
  }

  inspect(digest: Digest): ReturnType<BlobInspection["inspect"]> {
    return this.#store.inspect(digest);
  }

  readStored(digest: Digest, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    return this.#store.readStored(digest, signal);
  }

  quarantine(digest: Digest): Promise<boolean> {
    return this.#store.quarantine(digest);
  }

  strays(): ReturnType<BlobInspection["strays"]> {
    return this.#store.strays();
  }

  removeStray(path: string): Promise<boolean> {
    return this.#store.removeStray(path);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

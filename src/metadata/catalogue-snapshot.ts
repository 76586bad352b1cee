// Typed pages of an engine's snapshot. It goes past the records in memory, which
// may be newer or older than the snapshot.
import type { EngineSnapshot } from "./engine.ts";
import type { Key, Prefix } from "./keys.ts";
import type { Entry, MetadataSnapshot, PageOptions, RawRow, RowsOptions } from "./metadata-store.ts";
import { pageOf, pageRange } from "./page-range.ts";
import { decodeRecord } from "./value-form.ts";

/** No key begins with it. */
const BEHIND_ALL = "\u{10ffff}";

export class CatalogueSnapshot implements MetadataSnapshot {
  readonly #snapshot: EngineSnapshot;

  constructor(snapshot: EngineSnapshot) {
    this.#snapshot = snapshot;
  }

  get lastSequence(): number {
    return this.#snapshot.lastSequence;
  }

  async get<R>(key: Key<R>): Promise<R | undefined> {
    const bytes = await this.#snapshot.get(key.text);
    return bytes === undefined ? undefined : decodeRecord(key, bytes);
  }

  async page<R>(prefix: Prefix<R>, options: PageOptions): Promise<readonly Entry<R>[]> {
    return pageOf(await this.#snapshot.scan(pageRange(prefix, options)), prefix, options);
  }

  rows({ after, ...size }: RowsOptions): Promise<readonly RawRow[]> {
    // Nothing sorts between a text and the same text with \0 behind it.
    return this.#snapshot.scan({ from: after === undefined ? "" : `${after}\0`, to: BEHIND_ALL, ...size });
  }

  close(): Promise<void> {
    return this.#snapshot.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

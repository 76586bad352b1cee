// Going through all of a catalogue to change it, where nobody else uses it: changes are
// committed many at once, and each step tells how far it is.
import type { BlobStore } from "../blobs/blob-store.ts";
import type { Prefix } from "../metadata/keys.ts";
import { type Change, type MetadataStore, remove } from "../metadata/metadata-store.ts";
import { inTurns, namePages, pages } from "./walk.ts";

/** What one commit changes, about. */
const BATCH = 2000;

/** How often a long step tells how far it is, in milliseconds. */
const TELL_MS = 10_000;

export interface RewritingOptions {
  readonly metadata: MetadataStore;
  readonly blobs: BlobStore;
  /** Told how it goes. */
  readonly tell: (facts: object, message: string) => void;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
}

export class Rewriting<O extends RewritingOptions = RewritingOptions> {
  readonly options: O;
  #changes: Change[] = [];
  #message = "";
  #told = 0;

  constructor(options: O) {
    this.options = options;
  }

  /** The work resolves to how much it has done. */
  async step(message: string, work: () => Promise<number>): Promise<void> {
    const begun = performance.now();
    this.#message = message;
    this.#told = begun;
    const done = await work();
    await this.#flush();
    this.options.tell({ done, seconds: Math.round((performance.now() - begun) / 100) / 10 }, message);
  }

  /** Called while a step goes on. */
  progress(done: number): void {
    if (performance.now() - this.#told < TELL_MS) return;
    this.#told = performance.now();
    this.options.tell({ done }, `${this.#message}, and goes on`);
  }

  /** Removes all that is below the prefixes; resolves to how much that was. */
  async clear(prefixes: readonly Prefix<unknown>[]): Promise<number> {
    let count = 0;
    for (const prefix of prefixes) {
      for await (const page of namePages(this.options.metadata, prefix, this.options.signal)) {
        for (const name of page) await this.change(remove({ text: prefix.text + name }));
        count += page.length;
      }
    }
    return count;
  }

  /** Makes the changes for each entry; resolves to how many entries there are. */
  async count<R>(
    prefix: Prefix<R>,
    changesFor: (name: string, record: R) => Promise<readonly Change[]>,
  ): Promise<number> {
    let count = 0;
    for await (const page of pages(this.options.metadata, prefix, this.options.signal)) {
      const changes = await inTurns(page, ({ name, record }) => changesFor(name, record));
      for (const change of changes.flat()) await this.change(change);
      count += page.length;
      this.progress(count);
    }
    return count;
  }

  async change(change: Change): Promise<void> {
    this.#changes.push(change);
    if (this.#changes.length >= BATCH) await this.#flush();
  }

  async #flush(): Promise<void> {
    const changes = this.#changes;
    this.#changes = [];
    if (changes.length > 0) await this.options.metadata.commit({ changes });
  }
}

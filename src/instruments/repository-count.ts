// How many repositories there are. The catalogue keeps no counter of them, so they
// are counted as far as that is quick, and many not at every scrape.
import { catalog } from "../metadata/keys.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import { MOST_COUNTED } from "./catalogue-readings.ts";

/** From so many on a count is kept for a while. */
const MANY = 1000;

/** So long, in milliseconds. */
const KEPT_MS = 60_000;

export class RepositoryCount {
  readonly #metadata: MetadataStore;
  readonly #now: () => number;
  #counted = 0;
  #countTime = Number.NEGATIVE_INFINITY;

  constructor(metadata: MetadataStore, now: () => number) {
    this.#metadata = metadata;
    this.#now = now;
  }

  async read(): Promise<number> {
    const now = this.#now();
    if (this.#counted >= MANY && Math.abs(now - this.#countTime) < KEPT_MS) return this.#counted;
    this.#counted = (await this.#metadata.page(catalog, { limit: MOST_COUNTED, namesOnly: true })).length;
    this.#countTime = now;
    return this.#counted;
  }
}

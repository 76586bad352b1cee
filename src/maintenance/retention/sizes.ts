// How large what a tag stands for is: its manifest, the members of an index, and
// the blobs they name, each once, whoever else uses them.
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import type { Cards } from "./cards.ts";

export class Sizes {
  readonly #cards: Cards;
  readonly #repository: RepositoryName;
  readonly #known = new Map<Digest, number>();

  constructor(cards: Cards, repository: RepositoryName) {
    this.#cards = cards;
    this.#repository = repository;
  }

  /** In bytes; 0 when the manifest is not here. */
  async of(digest: Digest): Promise<number> {
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    const parts = new Map<Digest, number>();
    await this.#gather(digest, parts);
    const size = parts.values().reduce((sum, part) => sum + part, 0);
    this.#known.set(digest, size);
    return size;
  }

  async #gather(digest: Digest, parts: Map<Digest, number>): Promise<void> {
    const card = parts.has(digest) ? undefined : await this.#cards.manifest(this.#repository, digest);
    if (card === undefined) return;
    parts.set(digest, card.size);
    const { members, sizes } = await this.#cards.named(digest, card);
    for (const [blob, size] of sizes) parts.set(blob, size);
    for (const member of members) await this.#gather(member, parts);
  }
}

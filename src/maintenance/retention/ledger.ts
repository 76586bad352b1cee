// What a run frees: the bytes of a digest are free once all that held it has gone.
// Counts are taken from the catalogue when a digest is first met and then go down
// here, over all repositories of the run. Memory: about 200 bytes for each digest
// that what went named and that something else still holds, so about 2 KB for a
// deleted manifest of ten layers that are all shared, and nearly nothing for one
// whose layers are its own.
import { heldKey, namedKey } from "../../metadata/keeping-keys.ts";
import { blobKey, linkKey } from "../../metadata/keys.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import type { Cards } from "./cards.ts";

export class Ledger {
  /** In bytes. */
  freed = 0;
  /** What went, as if nothing were shared, in bytes. */
  logical = 0;
  /** What still holds a digest. */
  readonly #held = new Map<Digest, number>();
  /** The manifests of the repository that still name a digest. */
  #named = new Map<Digest, number>();
  #repository: RepositoryName | undefined;

  /** The manifest goes, and links that no other manifest of the repository names go after it. One at a time. */
  async enter(cards: Cards, repository: RepositoryName, digest: Digest): Promise<void> {
    if (repository !== this.#repository) this.#named = new Map();
    this.#repository = repository;
    const card = await cards.manifest(repository, digest);
    if (card === undefined) return;
    const { digests, sizes } = await cards.named(digest, card);
    this.logical += card.size;
    for (const size of sizes.values()) this.logical += size;
    await this.#letGo(cards, digest);
    for (const other of digests) {
      await this.#letGo(cards, other);
      if (await this.#isLastName(cards, repository, other)) await this.#letGo(cards, other);
    }
  }

  /** True when no other manifest of the repository names it and the repository has a link to it. */
  async #isLastName(cards: Cards, repository: RepositoryName, digest: Digest): Promise<boolean> {
    const left = (this.#named.get(digest) ?? (await cards.get(namedKey(repository, digest))) ?? 0) - 1;
    this.#named.set(digest, left);
    if (left > 0) return false;
    this.#named.delete(digest);
    return (await cards.get(linkKey(repository, digest))) !== undefined;
  }

  async #letGo(cards: Cards, digest: Digest): Promise<void> {
    const left = (this.#held.get(digest) ?? (await cards.get(heldKey(digest))) ?? 0) - 1;
    this.#held.set(digest, left);
    if (left > 0) return;
    this.#held.delete(digest);
    this.freed += (await cards.get(blobKey(digest)))?.size ?? 0;
  }
}

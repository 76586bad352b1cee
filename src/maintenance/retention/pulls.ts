// When the manifests of one repository were last pulled, as far as that is known.
import { pullsKey, pullsSinceKey } from "../../metadata/keeping-keys.ts";
import type { Digest } from "../../oci/digest.ts";
import { isIndex } from "../../oci/media-types.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import type { Cards } from "./cards.ts";

export class Pulls {
  readonly #cards: Cards;
  readonly #repository: RepositoryName;
  #since: Promise<number | undefined> | undefined;

  constructor(cards: Cards, repository: RepositoryName) {
    this.#cards = cards;
    this.#repository = repository;
  }

  /** From when on pulls are counted. Undefined: they never were. */
  since(): Promise<number | undefined> {
    this.#since ??= this.#cards.get(pullsSinceKey).then((record) => record?.time);
    return this.#since;
  }

  /** The last recorded pull of the manifest, or of a member: who has an index already asks for the member only. */
  async lastTime(digest: Digest): Promise<number | undefined> {
    const found = new Set([digest]);
    let last: number | undefined;
    for (const manifest of found) {
      const record = await this.#cards.get(pullsKey(this.#repository, manifest));
      if (record !== undefined && record.lastTime > (last ?? 0)) last = record.lastTime;
      const card = await this.#cards.manifest(this.#repository, manifest);
      if (card === undefined || !isIndex(card.mediaType)) continue;
      for (const member of (await this.#cards.named(manifest, card)).members) found.add(member);
    }
    return last;
  }
}

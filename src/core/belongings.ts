// What belongs to a manifest and to nothing else, so that it lives and dies with it:
// members of an index that no other index names, referrers, and manifests behind tags
// attached by name; none of them where somebody gave it a tag of its own.
import { holdersIn, namedKey } from "../metadata/keeping-keys.ts";
import { manifestKey, referrersOf, tagKey, tagsOfManifest, tagsThatBegin } from "../metadata/keys.ts";
import type { ManifestRecord, TagRecord } from "../metadata/records.ts";
import type { Transaction } from "../metadata/transaction.ts";
import type { Digest } from "../oci/digest.ts";
import { isIndex } from "../oci/media-types.ts";
import type { Tag } from "../oci/reference.ts";
import { attachedTagBeginning, digestOfAttachedTag } from "./attached-tags.ts";
import type { CoreContext } from "./context.ts";
import { readStoredManifest } from "./manifest-content.ts";
import type { Place } from "./references.ts";

/** More are not looked for: one commit must hold them all. The rest stays, untagged. */
const MAX_BELONGINGS = 10_000;

const BATCH = 1000;

/** A tag that goes with a manifest, as it is. */
export interface AttachedTag {
  readonly tag: Tag;
  readonly current: TagRecord;
}

export class Belongings {
  /** The manifests, without the one they belong to, in the order they were found. */
  readonly manifests = new Map<Digest, ManifestRecord>();
  readonly tags: AttachedTag[] = [];
  readonly #context: CoreContext;
  readonly #transaction: Transaction;
  readonly #root: Place;

  private constructor(context: CoreContext, transaction: Transaction, root: Place) {
    this.#context = context;
    this.#transaction = transaction;
    this.#root = root;
  }

  /** What is found is read in the attempt, so that it holds when the attempt is committed. */
  static async of(
    context: CoreContext,
    transaction: Transaction,
    root: Place,
    record: ManifestRecord,
  ): Promise<Belongings> {
    const belongings = new Belongings(context, transaction, root);
    await belongings.#gather(root.digest, record);
    return belongings;
  }

  async #gather(digest: Digest, record: ManifestRecord): Promise<void> {
    const queue: (readonly [Digest, ManifestRecord])[] = [[digest, record]];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      for (const candidate of await this.#candidates(...next)) {
        const card = await this.#take(candidate);
        if (card !== undefined) queue.push([candidate, card]);
      }
    }
  }

  async #candidates(digest: Digest, record: ManifestRecord): Promise<ReadonlySet<Digest>> {
    const index = isIndex(record.mediaType)
      ? await readStoredManifest(this.#context, digest, record)
      : undefined;
    const members = index?.manifests.map((member) => member.digest) ?? [];
    const referrers = await this.#names(referrersOf(this.#root.repository, digest));
    const attached = await this.#takeAttachedTags(digest);
    return new Set([...members, ...(referrers as Digest[]), ...attached]);
  }

  /** The manifest's card, if it is to go too. */
  async #take(digest: Digest): Promise<ManifestRecord | undefined> {
    const { repository } = this.#root;
    if (digest === this.#root.digest || this.manifests.has(digest)) return undefined;
    if (this.manifests.size >= MAX_BELONGINGS) return undefined;
    const card = await this.#transaction.get(manifestKey(repository, digest));
    if (card === undefined || (await this.#hasOwnTag(digest))) return undefined;
    // What needs it may be found to go later: then it is a candidate once more.
    if ((await this.#isNamedByOthers(digest)) || (await this.#hasOtherSubject(card))) return undefined;
    this.manifests.set(digest, card);
    return card;
  }

  /** A tag that comes meanwhile is a push of the card, which the attempt has read. */
  async #hasOwnTag(digest: Digest): Promise<boolean> {
    const taken = new Set(this.tags.map(({ tag }) => tag));
    const names = await this.#names(tagsOfManifest(this.#root.repository, digest), taken.size + 1);
    return names.some((name) => !taken.has(name as Tag));
  }

  async #isNamedByOthers(digest: Digest): Promise<boolean> {
    const { repository } = this.#root;
    // In the attempt: an index that is pushed meanwhile makes it start again.
    if ((await this.#transaction.get(namedKey(repository, digest))) === undefined) return false;
    for (const holder of await this.#names(holdersIn(digest, repository))) {
      const manifest = holder as Digest; // a digest, or empty for the link
      if (manifest === "" || manifest === digest || manifest === this.#root.digest) continue;
      if (this.manifests.has(manifest)) continue;
      // What is in the trash keeps the bytes, not the card; unless it comes back meanwhile.
      if ((await this.#transaction.get(manifestKey(repository, manifest))) !== undefined) return true;
    }
    return false;
  }

  /** A referrer belongs to its subject, whatever index names it too. */
  async #hasOtherSubject({ subject }: ManifestRecord): Promise<boolean> {
    if (subject === undefined || subject === this.#root.digest || this.manifests.has(subject)) return false;
    return (await this.#transaction.get(manifestKey(this.#root.repository, subject))) !== undefined;
  }

  /** The manifests behind the tags. */
  async #takeAttachedTags(digest: Digest): Promise<readonly Digest[]> {
    const { repository } = this.#root;
    const beginning = attachedTagBeginning(digest);
    const found: Digest[] = [];
    for (const rest of await this.#names(tagsThatBegin(repository, beginning))) {
      const tag = `${beginning}${rest}` as Tag; // tags are named by what follows
      if (digestOfAttachedTag(tag) !== digest) continue;
      const current = await this.#transaction.get(tagKey(repository, tag));
      if (current === undefined || current.digest === this.#root.digest) continue;
      this.tags.push({ tag, current });
      found.push(current.digest);
    }
    return found;
  }

  async #names(
    prefix: Parameters<CoreContext["metadata"]["page"]>[0],
    most = MAX_BELONGINGS,
  ): Promise<readonly string[]> {
    const names: string[] = [];
    const limit = Math.min(most, BATCH);
    for (let after: string | undefined; ; ) {
      const start = after === undefined ? {} : { after };
      const entries = await this.#context.metadata.page(prefix, { limit, namesOnly: true, ...start });
      names.push(...entries.map(({ name }) => name));
      if (entries.length < limit || names.length >= most) return names;
      after = entries.at(-1)?.name;
    }
  }
}

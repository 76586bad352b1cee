// All that storing a manifest changes, collected in one attempt: its card, what it
// holds, its place in the referrers index, its tags, what it counts, and the events.
import { trashKey } from "../metadata/keeping-keys.ts";
import { contentKey, manifestCountKey, manifestKey, referrerKey } from "../metadata/keys.ts";
import type { ManifestRecord } from "../metadata/records.ts";
import type { Transaction } from "../metadata/transaction.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { ParsedManifest } from "../oci/manifest.ts";
import { SCHEMA_1_SIGNED } from "../oci/media-types.ts";
import { contentSizeOf, platformsOf, taggedContent } from "./content-size.ts";
import type { CoreContext } from "./context.ts";
import { kindOf } from "./deletion.ts";
import { INLINE_LIMIT, parseStored } from "./manifest-content.ts";
import type { ManifestDocument } from "./manifest-document.ts";
import { eventReferences } from "./manifest-references.ts";
import type { PutManifest } from "./manifests.ts";
import type { Origin } from "./origin.ts";
import { addManifestHolders, digestsNamedBy, exchangeHolders } from "./references.ts";
import { ensureRepository } from "./repositories.ts";
import type { SignedForms } from "./signed-forms.ts";
import { moveTag } from "./tags.ts";
import { countedBytes, countUsage, type DigestCards, digestCards, ensureBlobCard } from "./usage.ts";

/** What is about to be stored. */
export interface ManifestToStore {
  readonly document: ManifestDocument;
  readonly descriptor: Descriptor;
  readonly forms: SignedForms;
}

type Platforms = readonly string[] | undefined;

/** Collects for one push, in as many attempts as it takes. */
export class ManifestCollection {
  readonly #context: CoreContext;
  readonly #request: PutManifest;
  readonly #origin: Origin;
  readonly #toStore: ManifestToStore;
  #platforms: Promise<Platforms> | undefined;

  constructor(context: CoreContext, request: PutManifest, origin: Origin, toStore: ManifestToStore) {
    this.#context = context;
    this.#request = request;
    this.#origin = origin;
    this.#toStore = toStore;
  }

  /** Collects all changes; returns the manifest's card. All that it names was found in this attempt. */
  async collect(transaction: Transaction): Promise<ManifestRecord> {
    const { document, descriptor } = this.#toStore;
    const { manifest } = document;
    const { repository, tags } = this.#request;
    const [context, origin] = [this.#context, this.#origin];
    await ensureRepository(context, transaction, origin, repository);
    const card = await this.#putCards(transaction);
    const fact = {
      kind: "manifest_pushed",
      descriptor,
      tags,
      ...kindOf(manifest),
      ...(await eventReferences(transaction, repository, manifest)),
    } as const;
    context.listener.changed(transaction, origin, repository, fact);
    if (tags.length > 0) await this.#moveTags(transaction, card);
    return card;
  }

  async #moveTags(transaction: Transaction, card: ManifestRecord): Promise<void> {
    const { repository, tags, precondition, elsewhere } = this.#request;
    const { document, descriptor } = this.#toStore;
    const members = async () => document.manifest.manifests.map((member) => member.digest);
    const content = await taggedContent(transaction, repository, card, members);
    const optional = precondition === undefined ? {} : { precondition };
    for (const tag of new Set(tags)) {
      const set = elsewhere?.tagTimes.get(tag);
      const time = set === undefined ? {} : { time: set };
      const move = { repository, tag, descriptor, content, origin: this.#origin, ...optional, ...time };
      await moveTag(this.#context, transaction, move);
    }
  }

  async #putCards(transaction: Transaction): Promise<ManifestRecord> {
    const { repository } = this.#request;
    const { document, descriptor, forms } = this.#toStore;
    const { manifest, content } = document;
    const { mediaType, digest, size } = descriptor;
    const { subject, artifactType, annotations } = manifest;
    const cards = await digestCards(transaction, repository, digest);
    const known = cards.manifest;
    const trashed = known === undefined ? cards.trashed : undefined;
    const before = known ?? trashed?.manifest;
    const signed = await forms.place(transaction, { repository, digest }, document, before);
    const card = await this.#card(transaction, before, signed);
    transaction.put(manifestKey(repository, digest), card);
    await ensureBlobCard(transaction, digest, { size, createTime: this.#context.now() });
    if (before !== undefined && before.mediaType !== card.mediaType)
      await this.#exchangeNamed(transaction, before);
    this.#count(transaction, { ...cards, trashed }, card);
    if (known !== undefined) return card;
    transaction.add(manifestCountKey(repository), 1);
    if (size <= INLINE_LIMIT) transaction.put(contentKey(digest), content);
    // From the trash it comes with all that it holds.
    if (trashed !== undefined) transaction.remove(trashKey(repository, digest));
    else {
      const named = signed === undefined ? [] : [signed.digest];
      addManifestHolders(transaction, { repository, digest }, [...digestsNamedBy(manifest), ...named]);
    }
    if (subject === undefined) return card;
    const kind = artifactType === undefined ? {} : { artifactType };
    const referrer = { mediaType, size, ...kind, ...(annotations !== undefined && { annotations }) };
    transaction.put(referrerKey(repository, subject, digest), referrer);
    return card;
  }

  async #card(
    transaction: Transaction,
    before: ManifestRecord | undefined,
    signed: ManifestRecord["signed"],
  ): Promise<ManifestRecord> {
    const { repository, elsewhere } = this.#request;
    const { document, descriptor } = this.#toStore;
    const { manifest } = document;
    const { size } = descriptor;
    const pushTime = Math.max(
      elsewhere?.time ?? this.#context.now(),
      before?.pushTime ?? before?.createTime ?? 0,
    );
    const mediaType = signed === undefined ? descriptor.mediaType : SCHEMA_1_SIGNED;
    const contentSize = await contentSizeOf(transaction, repository, { manifest, size });
    const known = before?.mediaType === mediaType ? before.platforms : undefined;
    const platforms = known ?? (await this.#findPlatforms(manifest));
    return {
      mediaType,
      size,
      createTime: before?.createTime ?? pushTime,
      ...(before !== undefined && { pushTime }),
      revision: (before?.revision ?? 0) + 1,
      ...kindOf(manifest),
      ...(contentSize !== undefined && { contentSize }),
      ...(platforms !== undefined && { platforms }),
      ...(signed !== undefined && { signed }),
    };
  }

  /** Once: it is read from bytes, which do not change. */
  #findPlatforms(manifest: ParsedManifest): Promise<Platforms> {
    this.#platforms ??= platformsOf(this.#context, manifest);
    return this.#platforms;
  }

  #count(transaction: Transaction, cards: DigestCards, card: ManifestRecord): void {
    const { manifest: known, trashed } = cards;
    const after = { ...cards, manifest: card, trashed: undefined };
    countUsage(this.#context, transaction, this.#request.repository, {
      bytes: countedBytes(after) - countedBytes(cards),
      manifests: known === undefined ? 1 : 0,
      trashed: trashed === undefined ? 0 : -1,
      logicalBytes: (card.contentSize ?? 0) - (known?.contentSize ?? 0),
      pushTime: card.pushTime ?? card.createTime,
    });
  }

  /** Called by another media type, the same bytes can name other things. */
  async #exchangeNamed(transaction: Transaction, before: ManifestRecord): Promise<void> {
    const { document, descriptor } = this.#toStore;
    const stored = parseStored(document.content, before.mediaType);
    const from = stored === undefined ? [] : digestsNamedBy(stored);
    const place = { repository: this.#request.repository, digest: descriptor.digest };
    await exchangeHolders(this.#context, transaction, place, { from, to: digestsNamedBy(document.manifest) });
  }
}

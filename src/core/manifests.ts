// Manifests: exact bytes, what they refer to, and the one commit that stores a
// manifest with its tags, its entry in the referrers index, and the events.
import { trashKey } from "../metadata/keeping-keys.ts";
import type { DeletionReason } from "../metadata/keeping-records.ts";
import {
  blobKey,
  contentKey,
  type Key,
  linkKey,
  manifestCountKey,
  manifestKey,
  referrerKey,
  repositoryKey,
  tagKey,
} from "../metadata/keys.ts";
import type { ManifestRecord } from "../metadata/records.ts";
import { type Transaction, transact } from "../metadata/transaction.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, digestAlgorithm, digestOf } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import type { ParsedManifest } from "../oci/manifest.ts";
import { SCHEMA_1_SIGNED } from "../oci/media-types.ts";
import type { Reference, RepositoryName, Tag } from "../oci/reference.ts";
import { demandDelete } from "./blobs.ts";
import type { CoreContext } from "./context.ts";
import { type DeletedManifest, deleteManifest, kindOf } from "./deletion.ts";
import { findManifest, servedDescriptor } from "./find-manifest.ts";
import type { Pull } from "./listener.ts";
import { INLINE_LIMIT, parseStored, readContent } from "./manifest-content.ts";
import { type ImportedSchema1, type ManifestDocument, readDocument } from "./manifest-document.ts";
import { demandReferences, eventReferences } from "./manifest-references.ts";
import type { Origin } from "./origin.ts";
import { type PushedElsewhere, rulesFor } from "./pushed-elsewhere.ts";
import {
  addManifestHolders,
  digestsNamedBy,
  exchangeHolders,
  giveUpBytes,
  type Place,
} from "./references.ts";
import { ensureRepository } from "./repositories.ts";
import { SignedForms } from "./signed-forms.ts";
import { moveTag, type TagPrecondition } from "./tags.ts";

export interface PutManifest {
  readonly repository: RepositoryName;
  /** What the client calls it; empty: the document decides. */
  readonly mediaType: string;
  readonly content: Uint8Array;
  /** What the digest must be. Absent: sha256, computed. */
  readonly digest?: Digest;
  readonly tags: readonly Tag[];
  /** Must hold for each of the tags. */
  readonly precondition?: TagPrecondition;
  /** How schema 1 is taken that is imported. Absent: it is pushed. */
  readonly imported?: ImportedSchema1;
  /** When that was, where it was elsewhere; an index may lack members then. Absent: it is pushed now. */
  readonly elsewhere?: PushedElsewhere;
}

export interface StoredManifest {
  readonly descriptor: Descriptor;
  readonly subject?: Digest;
}

/** What is served. */
export interface ManifestContent {
  /** The size is that of the content; the digest too, but for schema 1, where it is that of what is signed. */
  readonly descriptor: Descriptor;
  /** The exact bytes; shared, never to be changed. */
  readonly content: Uint8Array;
}

export class Manifests {
  readonly #context: CoreContext;

  constructor(context: CoreContext) {
    this.#context = context;
  }

  /** Stores a manifest and points its tags to it. The errors are listed at ManifestService.PutManifest. */
  async put(request: PutManifest, origin: Origin): Promise<StoredManifest> {
    const context = this.#context;
    const document = await readDocument(context.options, request);
    const { manifest, content } = document;
    const descriptor = describe(request, document);
    const release = await context.holds.share(descriptor.digest);
    using forms = new SignedForms(context);
    let stored = false;
    try {
      const card = await transact(context.metadata, async (transaction) => {
        await transaction.prefetch(keysOf(request, manifest, descriptor));
        await demandReferences(
          rulesFor(context, request.elsewhere),
          transaction,
          request.repository,
          manifest,
        );
        const record = await this.#collect(transaction, origin, request, { document, descriptor, forms });
        // Bytes before cards: the commit that follows must not point to nothing.
        if (!stored) await context.blobs.put(descriptor.digest, content);
        stored = true;
        return record;
      });
      return {
        descriptor: servedDescriptor(descriptor, card.signed),
        ...(manifest.subject !== undefined && { subject: manifest.subject }),
      };
    } catch (error) {
      await giveUpBytes(context, [...(stored ? [descriptor.digest] : []), ...forms.placed]);
      throw error;
    } finally {
      release();
    }
  }

  /** Throws MANIFEST_UNKNOWN. */
  async stat(repository: RepositoryName, reference: Reference, origin: Origin): Promise<Descriptor> {
    const { descriptor, signed } = await findManifest(this.#context, repository, reference);
    this.#context.listener.pulled(origin, pullOf(repository, reference, descriptor, { headOnly: true }));
    return servedDescriptor(descriptor, signed);
  }

  /** Throws MANIFEST_UNKNOWN. */
  async get(repository: RepositoryName, reference: Reference, origin: Origin): Promise<ManifestContent> {
    const context = this.#context;
    for (let isAgain = false; ; isAgain = true) {
      const { descriptor, signed } = await findManifest(context, repository, reference);
      const content = await readContent(context, signed?.digest ?? descriptor.digest);
      if (content !== undefined) {
        context.listener.pulled(origin, pullOf(repository, reference, descriptor, { headOnly: false }));
        return { descriptor: servedDescriptor(descriptor, signed), content };
      }
      // It may have been removed for good since it was found.
      if (isAgain) throw new Error(`the bytes of manifest ${descriptor.digest} are missing`);
    }
  }

  /**
   * Moves a manifest to the trash, with the tags that point to it and what belongs to it alone. Throws
   * MANIFEST_UNKNOWN, and MANIFEST_IN_USE while an index needs it; without a reason of the registry's own also
   * UNSUPPORTED.
   */
  async delete(
    repository: RepositoryName,
    digest: Digest,
    origin: Origin,
    reason?: DeletionReason,
  ): Promise<DeletedManifest> {
    const context = this.#context;
    if (reason === undefined) demandDelete(context);
    const deletion = { repository, digest, origin, reason: reason ?? ({ kind: "request" } as const) };
    return transact(context.metadata, (transaction) => deleteManifest(context, transaction, deletion));
  }

  /** Collects all changes that storing the manifest means; returns its card. */
  async #collect(
    transaction: Transaction,
    origin: Origin,
    request: PutManifest,
    manifestToStore: ManifestToStore,
  ): Promise<ManifestRecord> {
    const context = this.#context;
    const { descriptor } = manifestToStore;
    const { manifest } = manifestToStore.document;
    const { repository, tags, precondition, elsewhere } = request;
    const { artifactType } = manifest;
    await ensureRepository(context, transaction, origin, repository);
    const card = await this.#putCards(transaction, request, manifestToStore);
    const fact = {
      kind: "manifest_pushed",
      descriptor,
      tags,
      ...kindOf(manifest),
      ...(await eventReferences(transaction, repository, manifest)),
    } as const;
    context.listener.changed(transaction, origin, repository, fact);
    const optional = {
      ...(artifactType !== undefined && { artifactType }),
      ...(precondition !== undefined && { precondition }),
    };
    for (const tag of new Set(tags)) {
      const time = elsewhere?.tagTimes.get(tag);
      const move = { repository, tag, descriptor, origin, ...optional, ...(time !== undefined && { time }) };
      await moveTag(context, transaction, move);
    }
    return card;
  }

  async #putCards(
    transaction: Transaction,
    { repository, elsewhere }: PutManifest,
    { document, descriptor: { mediaType, digest, size }, forms }: ManifestToStore,
  ): Promise<ManifestRecord> {
    const { manifest, content } = document;
    const { subject, artifactType, annotations } = manifest;
    const key = manifestKey(repository, digest);
    const known = await transaction.get(key);
    const trashed = known === undefined ? await transaction.get(trashKey(repository, digest)) : undefined;
    const before = known ?? trashed?.manifest;
    const now = this.#context.now();
    const pushTime = Math.max(elsewhere?.time ?? now, before?.pushTime ?? before?.createTime ?? 0);
    const createTime = before?.createTime ?? pushTime;
    const kind = artifactType === undefined ? {} : { artifactType };
    const revision = (before?.revision ?? 0) + 1;
    const signed = await forms.place(transaction, { repository, digest }, document, before);
    const card: ManifestRecord = {
      mediaType: signed === undefined ? mediaType : SCHEMA_1_SIGNED,
      size,
      createTime,
      ...(before !== undefined && { pushTime }),
      revision,
      ...(subject !== undefined && { subject }),
      ...kind,
      ...(signed !== undefined && { signed }),
    };
    transaction.put(key, card);
    const blob = await transaction.get(blobKey(digest));
    if (blob === undefined || blob.damageTime !== undefined)
      transaction.put(blobKey(digest), { size, createTime: now });
    if (before !== undefined && before.mediaType !== card.mediaType)
      await this.#exchangeNamed(transaction, { repository, digest }, document, before);
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
    const referrer = { mediaType, size, ...kind, ...(annotations !== undefined && { annotations }) };
    transaction.put(referrerKey(repository, subject, digest), referrer);
    return card;
  }

  /** Called by another media type, the same bytes can name other things. */
  async #exchangeNamed(
    transaction: Transaction,
    place: Place,
    { content, manifest }: ManifestDocument,
    before: ManifestRecord,
  ): Promise<void> {
    const stored = parseStored(content, before.mediaType);
    const from = stored === undefined ? [] : digestsNamedBy(stored);
    await exchangeHolders(this.#context, transaction, place, { from, to: digestsNamedBy(manifest) });
  }
}

/** What is about to be stored. */
interface ManifestToStore {
  readonly document: ManifestDocument;
  readonly descriptor: Descriptor;
  readonly forms: SignedForms;
}

/** What storing the manifest will ask the catalogue for. */
function keysOf(
  { repository, tags }: PutManifest,
  { blobs }: ParsedManifest,
  { digest }: Descriptor,
): readonly Key<unknown>[] {
  return [
    repositoryKey(repository),
    manifestKey(repository, digest),
    trashKey(repository, digest),
    blobKey(digest),
    ...blobs.map((blob) => linkKey(repository, blob.digest)),
    ...tags.map((tag) => tagKey(repository, tag)),
  ];
}

function describe({ digest: expected }: PutManifest, { content, manifest }: ManifestDocument): Descriptor {
  const digest = digestOf(content, expected === undefined ? undefined : digestAlgorithm(expected));
  if (expected !== undefined && digest !== expected) {
    const message = `the manifest's digest is ${digest}, not ${expected}`;
    throw new RegistryError("DIGEST_INVALID", { digest: expected, actual: digest }, { message });
  }
  return { mediaType: manifest.mediaType, digest, size: content.length };
}

function pullOf(
  repository: RepositoryName,
  reference: Reference,
  descriptor: Descriptor,
  { headOnly }: { readonly headOnly: boolean },
): Pull {
  return reference.kind === "tag"
    ? { repository, descriptor, headOnly, tag: reference.tag }
    : { repository, descriptor, headOnly };
}

// Manifests: exact bytes, what they refer to, and the one commit that stores a
// manifest with its tags, its entry in the referrers index, and the events
// (manifest-collection.ts).
import { trashKey } from "../metadata/keeping-keys.ts";
import type { DeletionReason } from "../metadata/keeping-records.ts";
import { blobKey, type Key, linkKey, manifestKey, repositoryKey, tagKey } from "../metadata/keys.ts";
import { transact } from "../metadata/transaction.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, digestAlgorithm, digestOf } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import type { ParsedManifest } from "../oci/manifest.ts";
import type { Reference, RepositoryName, Tag } from "../oci/reference.ts";
import { demandDelete } from "./blobs.ts";
import type { CoreContext } from "./context.ts";
import { type DeletedManifest, deleteManifest } from "./deletion.ts";
import { findManifest, servedDescriptor } from "./find-manifest.ts";
import type { Pull } from "./listener.ts";
import { ManifestCollection } from "./manifest-collection.ts";
import { readContent } from "./manifest-content.ts";
import { type ImportedSchema1, type ManifestDocument, readDocument } from "./manifest-document.ts";
import { demandReferences } from "./manifest-references.ts";
import type { Origin } from "./origin.ts";
import { type PushedElsewhere, rulesFor } from "./pushed-elsewhere.ts";
import { giveUpBytes } from "./references.ts";
import { SignedForms } from "./signed-forms.ts";
import type { TagPrecondition } from "./tags.ts";
import { transactCounted } from "./usage.ts";

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
    const rules = rulesFor(context, request.elsewhere);
    const collection = new ManifestCollection(rules, request, origin, { document, descriptor, forms });
    let stored = false;
    try {
      const card = await transactCounted(rules, async (transaction) => {
        await transaction.prefetch(keysOf(request, manifest, descriptor));
        await demandReferences(rules, transaction, request.repository, manifest);
        const record = await collection.collect(transaction);
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
    linkKey(repository, digest),
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

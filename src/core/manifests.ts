// Manifests: exact bytes, what they refer to, and the one commit that stores a
// manifest with its tags, its entry in the referrers index, and the events.
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
  tagsOfManifest,
} from "../metadata/keys.ts";
import type { ManifestRecord } from "../metadata/records.ts";
import { type Transaction, transact } from "../metadata/transaction.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, digestAlgorithm, digestOf } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import { MAX_MANIFEST_SIZE, type ParsedManifest, parseManifest } from "../oci/manifest.ts";
import type { Reference, RepositoryName, Tag } from "../oci/reference.ts";
import { demandDelete } from "./blobs.ts";
import type { CoreContext } from "./context.ts";
import type { Pull } from "./listener.ts";
import { demandReferences, eventReferences } from "./manifest-references.ts";
import type { Origin } from "./origin.ts";
import { ensureRepository } from "./repositories.ts";
import { moveTag, removeTag, type TagPrecondition, tagDescriptor, tagUnknown } from "./tags.ts";

/** Up to this size, in bytes, a manifest is also kept beside its card and read in one lookup. */
const INLINE_LIMIT = 256 * 1024;

/** How many tags of a manifest are read at once when it is deleted. */
const TAG_BATCH = 1000;

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
}

export interface StoredManifest {
  readonly descriptor: Descriptor;
  readonly subject?: Digest;
}

export interface ManifestContent {
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
    const manifest = readManifest(request);
    const descriptor = describe(request, manifest);
    let stored = false;
    await transact(context.metadata, async (transaction) => {
      await transaction.prefetch(keysOf(request, manifest, descriptor));
      await demandReferences(context, transaction, request.repository, manifest);
      await this.#collect(transaction, origin, request, { manifest, descriptor });
      // Bytes before cards: the commit that follows must not point to nothing.
      if (!stored) await context.blobs.put(descriptor.digest, request.content);
      stored = true;
    });
    return { descriptor, ...(manifest.subject !== undefined && { subject: manifest.subject }) };
  }

  /** Throws MANIFEST_UNKNOWN. */
  async stat(repository: RepositoryName, reference: Reference, origin: Origin): Promise<Descriptor> {
    const descriptor = await this.#find(repository, reference);
    this.#context.listener.pulled(origin, pullOf(repository, reference, descriptor, { headOnly: true }));
    return descriptor;
  }

  /** Throws MANIFEST_UNKNOWN. */
  async get(repository: RepositoryName, reference: Reference, origin: Origin): Promise<ManifestContent> {
    const descriptor = await this.#find(repository, reference);
    const content = await this.#read(descriptor.digest);
    this.#context.listener.pulled(origin, pullOf(repository, reference, descriptor, { headOnly: false }));
    return { descriptor, content };
  }

  async #find(repository: RepositoryName, reference: Reference): Promise<Descriptor> {
    const { metadata } = this.#context;
    if (reference.kind === "tag") {
      const tag = await metadata.get(tagKey(repository, reference.tag));
      if (tag === undefined) throw tagUnknown(repository, reference.tag);
      return tagDescriptor(tag);
    }
    const record = await metadata.get(manifestKey(repository, reference.digest));
    if (record === undefined) throw manifestUnknown(repository, reference.digest);
    return manifestDescriptor(reference.digest, record);
  }

  async #read(digest: Digest): Promise<Uint8Array> {
    const inline = await this.#context.metadata.get(contentKey(digest));
    const content = inline ?? (await this.#context.blobs.get(digest));
    if (content === undefined) throw new Error(`the bytes of manifest ${digest} are missing`);
    return content;
  }

  /** Removes a manifest and the tags that point to it, which are returned. Throws MANIFEST_UNKNOWN, UNSUPPORTED. */
  async delete(repository: RepositoryName, digest: Digest, origin: Origin): Promise<readonly Tag[]> {
    const context = this.#context;
    demandDelete(context);
    return transact(context.metadata, async (transaction) => {
      const key = manifestKey(repository, digest);
      const record = await transaction.get(key);
      if (record === undefined) throw manifestUnknown(repository, digest);
      const tags = await this.#removeTags(transaction, origin, { repository, digest, ...kindOf(record) });
      transaction.remove(key);
      transaction.add(manifestCountKey(repository), -1);
      if (record.subject !== undefined) transaction.remove(referrerKey(repository, record.subject, digest));
      const descriptor = manifestDescriptor(digest, record);
      const fact = { kind: "manifest_deleted", descriptor, ...kindOf(record) } as const;
      context.listener.changed(transaction, origin, repository, fact);
      return tags;
    });
  }

  async #removeTags(
    transaction: Transaction,
    origin: Origin,
    manifest: {
      readonly repository: RepositoryName;
      readonly digest: Digest;
      readonly artifactType?: string;
    },
  ): Promise<readonly Tag[]> {
    const { repository, digest, artifactType } = manifest;
    const removed: Tag[] = [];
    let after = "";
    for (;;) {
      const entries = await this.#context.metadata.page(tagsOfManifest(repository, digest), {
        limit: TAG_BATCH,
        after,
        namesOnly: true,
      });
      for (const { name } of entries) {
        const tag = name as Tag;
        const current = await transaction.get(tagKey(repository, tag));
        if (current?.digest !== digest) continue;
        removeTag(this.#context, transaction, { repository, tag, current, artifactType, origin });
        removed.push(tag);
      }
      if (entries.length < TAG_BATCH) return removed;
      after = entries.at(-1)?.name ?? after;
    }
  }

  /** Collects all changes that storing the manifest means. */
  async #collect(
    transaction: Transaction,
    origin: Origin,
    request: PutManifest,
    { manifest, descriptor }: { readonly manifest: ParsedManifest; readonly descriptor: Descriptor },
  ): Promise<void> {
    const context = this.#context;
    const { repository, tags, precondition } = request;
    const { artifactType } = manifest;
    await ensureRepository(context, transaction, origin, repository);
    await this.#putCards(transaction, request, manifest, descriptor);
    const fact = {
      kind: "manifest_pushed",
      descriptor,
      tags,
      ...kindOf(manifest),
      ...eventReferences(manifest),
    } as const;
    context.listener.changed(transaction, origin, repository, fact);
    const optional = {
      ...(artifactType !== undefined && { artifactType }),
      ...(precondition !== undefined && { precondition }),
    };
    for (const tag of new Set(tags))
      await moveTag(context, transaction, { repository, tag, descriptor, origin, ...optional });
  }

  async #putCards(
    transaction: Transaction,
    { repository, content }: PutManifest,
    manifest: ParsedManifest,
    { mediaType, digest, size }: Descriptor,
  ): Promise<void> {
    const { subject, artifactType, annotations } = manifest;
    const key = manifestKey(repository, digest);
    const known = await transaction.get(key);
    const createTime = known?.createTime ?? this.#context.now();
    const kind = artifactType === undefined ? {} : { artifactType };
    const revision = (known?.revision ?? 0) + 1;
    transaction.put(key, {
      mediaType,
      size,
      createTime,
      revision,
      ...(subject !== undefined && { subject }),
      ...kind,
    });
    if (known !== undefined) return;
    transaction.add(manifestCountKey(repository), 1);
    if ((await transaction.get(blobKey(digest))) === undefined)
      transaction.put(blobKey(digest), { size, createTime });
    if (size <= INLINE_LIMIT) transaction.put(contentKey(digest), content);
    if (subject === undefined) return;
    const referrer = { mediaType, size, ...kind, ...(annotations !== undefined && { annotations }) };
    transaction.put(referrerKey(repository, subject, digest), referrer);
  }
}

/** What it refers to and of what kind it is, where it says so. */
function kindOf({ subject, artifactType }: { readonly subject?: Digest; readonly artifactType?: string }) {
  return { ...(subject !== undefined && { subject }), ...(artifactType !== undefined && { artifactType }) };
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
    blobKey(digest),
    ...blobs.map((blob) => linkKey(repository, blob.digest)),
    ...tags.map((tag) => tagKey(repository, tag)),
  ];
}

function readManifest({ content, mediaType }: PutManifest): ParsedManifest {
  if (content.length <= MAX_MANIFEST_SIZE) return parseManifest(content, mediaType);
  const message = `the manifest has ${content.length} bytes; at most ${MAX_MANIFEST_SIZE} are accepted`;
  throw new RegistryError("MANIFEST_INVALID", { limit: String(MAX_MANIFEST_SIZE) }, { message });
}

function describe(request: PutManifest, { mediaType }: ParsedManifest): Descriptor {
  const { content, digest: expected } = request;
  const digest = digestOf(content, expected === undefined ? undefined : digestAlgorithm(expected));
  if (expected !== undefined && digest !== expected) {
    const message = `the manifest's digest is ${digest}, not ${expected}`;
    throw new RegistryError("DIGEST_INVALID", { digest: expected, actual: digest }, { message });
  }
  return { mediaType, digest, size: content.length };
}

function manifestDescriptor(digest: Digest, { mediaType, size }: ManifestRecord): Descriptor {
  return { mediaType, digest, size };
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

function manifestUnknown(repository: RepositoryName, digest: Digest): RegistryError {
  const message = `manifest ${digest} is not in repository "${repository}"`;
  return new RegistryError("MANIFEST_UNKNOWN", { repository, digest }, { message });
}

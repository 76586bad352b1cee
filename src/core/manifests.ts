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
import { type Problem, RegistryError } from "../oci/errors.ts";
import { MAX_MANIFEST_SIZE, type ParsedManifest, parseManifest } from "../oci/manifest.ts";
import type { Reference, RepositoryName, Tag } from "../oci/reference.ts";
import { demandDelete } from "./blobs.ts";
import type { CoreContext } from "./context.ts";
import { newEvent } from "./events.ts";
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
  async put(request: PutManifest): Promise<StoredManifest> {
    const context = this.#context;
    const manifest = readManifest(request);
    const descriptor = describe(request, manifest);
    let stored = false;
    await transact(context.metadata, async (transaction) => {
      await transaction.prefetch(keysOf(request, manifest, descriptor));
      await this.#demandReferences(transaction, request.repository, manifest);
      await this.#collect(transaction, request, manifest, descriptor);
      // Bytes before cards: the commit that follows must not point to nothing.
      if (!stored) await context.blobs.put(descriptor.digest, request.content);
      stored = true;
    });
    return { descriptor, ...(manifest.subject !== undefined && { subject: manifest.subject }) };
  }

  /** Throws MANIFEST_UNKNOWN. */
  async stat(repository: RepositoryName, reference: Reference): Promise<Descriptor> {
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

  /** Throws MANIFEST_UNKNOWN. */
  async get(repository: RepositoryName, reference: Reference): Promise<ManifestContent> {
    const descriptor = await this.stat(repository, reference);
    const inline = await this.#context.metadata.get(contentKey(descriptor.digest));
    if (inline !== undefined) return { descriptor, content: inline };
    const content = await this.#context.blobs.get(descriptor.digest);
    if (content === undefined) throw new Error(`the bytes of manifest ${descriptor.digest} are missing`);
    return { descriptor, content };
  }

  /** Removes a manifest and the tags that point to it, which are returned. Throws MANIFEST_UNKNOWN, UNSUPPORTED. */
  async delete(repository: RepositoryName, digest: Digest): Promise<readonly Tag[]> {
    const context = this.#context;
    demandDelete(context);
    return transact(context.metadata, async (transaction) => {
      const key = manifestKey(repository, digest);
      const record = await transaction.get(key);
      if (record === undefined) throw manifestUnknown(repository, digest);
      const tags = await this.#removeTags(transaction, repository, digest);
      transaction.remove(key);
      transaction.add(manifestCountKey(repository), -1);
      if (record.subject !== undefined) transaction.remove(referrerKey(repository, record.subject, digest));
      const descriptor = manifestDescriptor(digest, record);
      transaction.append(newEvent(context, repository, { kind: "manifest_deleted", descriptor }));
      return tags;
    });
  }

  async #removeTags(
    transaction: Transaction,
    repository: RepositoryName,
    digest: Digest,
  ): Promise<readonly Tag[]> {
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
        removeTag(this.#context, transaction, repository, tag, current);
        removed.push(tag);
      }
      if (entries.length < TAG_BATCH) return removed;
      after = entries.at(-1)?.name ?? after;
    }
  }

  /** Every blob and manifest it names must be here; all that are not are named at once. */
  async #demandReferences(
    transaction: Transaction,
    repository: RepositoryName,
    manifest: ParsedManifest,
  ): Promise<void> {
    const problems: Problem[] = [];
    for (const blob of unique(manifest.blobs)) {
      const link = await transaction.get(linkKey(repository, blob.digest));
      checkReference(problems, repository, blob, link);
    }
    if (!this.#context.options.sparseIndexes) {
      for (const child of unique(manifest.manifests)) {
        const found =
          (await transaction.get(manifestKey(repository, child.digest))) ??
          (await transaction.get(linkKey(repository, child.digest)));
        checkReference(problems, repository, child, found);
      }
    }
    const [first, ...others] = problems;
    if (first !== undefined) throw RegistryError.of([first, ...others]);
  }

  /** Collects all changes that storing the manifest means. */
  async #collect(
    transaction: Transaction,
    request: PutManifest,
    manifest: ParsedManifest,
    descriptor: Descriptor,
  ): Promise<void> {
    const context = this.#context;
    const { repository, tags, precondition } = request;
    const { subject, artifactType } = manifest;
    await ensureRepository(context, transaction, repository);
    await this.#putCards(transaction, request, manifest, descriptor);
    const optional = {
      ...(subject !== undefined && { subject }),
      ...(artifactType !== undefined && { artifactType }),
    };
    transaction.append(
      newEvent(context, repository, { kind: "manifest_pushed", descriptor, tags, ...optional }),
    );
    for (const tag of new Set(tags)) {
      const move = { repository, tag, descriptor, ...(precondition !== undefined && { precondition }) };
      await moveTag(context, transaction, move);
    }
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

function checkReference(
  problems: Problem[],
  repository: RepositoryName,
  named: Descriptor,
  found: { readonly size: number } | undefined,
): void {
  const { digest, size } = named;
  if (found === undefined) {
    const message = `${digest} is not in repository "${repository}"`;
    problems.push({ code: "MANIFEST_BLOB_UNKNOWN", message, metadata: { repository, digest } });
  } else if (found.size !== size) {
    const message = `${digest} has ${found.size} bytes, not ${size} as the manifest says`;
    problems.push({ code: "MANIFEST_INVALID", message, metadata: { digest, size: String(found.size) } });
  }
}

function unique(descriptors: readonly Descriptor[]): Iterable<Descriptor> {
  return new Map(
    descriptors.map((descriptor) => [`${descriptor.digest} ${descriptor.size}`, descriptor]),
  ).values();
}

function manifestDescriptor(digest: Digest, { mediaType, size }: ManifestRecord): Descriptor {
  return { mediaType, digest, size };
}

function manifestUnknown(repository: RepositoryName, digest: Digest): RegistryError {
  const message = `manifest ${digest} is not in repository "${repository}"`;
  return new RegistryError("MANIFEST_UNKNOWN", { repository, digest }, { message });
}

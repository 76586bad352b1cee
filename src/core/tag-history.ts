// What tags were: listing it, and going back to it.
import { CommitConflict } from "../metadata/engine.ts";
import { trashKey } from "../metadata/keeping-keys.ts";
import { manifestKey, tagKey } from "../metadata/keys.ts";
import type { Transaction } from "../metadata/transaction.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import type { RepositoryName, Tag } from "../oci/reference.ts";
import type { TaggedContent } from "./content-size.ts";
import type { CoreContext } from "./context.ts";
import { storedTaggedContent } from "./manifest-content.ts";
import type { Origin } from "./origin.ts";
import type { Page, PageRequest } from "./page.ts";
import type { Place } from "./references.ts";
import { attachedButFor, type Restoration, restoreFromTrash } from "./restoration.ts";
import { digestAt, listTagChanges, type TagChange } from "./tag-changes.ts";
import { moveTag, type TagPrecondition } from "./tags.ts";
import { transactCounted } from "./usage.ts";

export interface RestoreTag {
  readonly repository: RepositoryName;
  readonly tag: Tag;
  /** What it is to point to: a manifest, or what it pointed to at a time in milliseconds since 1970. */
  readonly target:
    | { readonly kind: "digest"; readonly digest: Digest }
    | { readonly kind: "time"; readonly time: number };
  readonly precondition?: TagPrecondition;
}

export interface RestoredTag {
  readonly descriptor: Descriptor;
  /** The manifests that came back from the trash for it. */
  readonly undeleted: readonly Digest[];
}

export class TagHistory {
  readonly #context: CoreContext;

  constructor(context: CoreContext) {
    this.#context = context;
  }

  /** Newest first. Throws NAME_UNKNOWN. */
  list(repository: RepositoryName, tag: Tag, request: PageRequest): Promise<Page<TagChange>> {
    return listTagChanges(this.#context, { repository, tag }, request);
  }

  /** Points a tag back, and undeletes what it takes. Throws MANIFEST_UNKNOWN, PRECONDITION_FAILED, DENIED. */
  async restore(request: RestoreTag, origin: Origin): Promise<RestoredTag> {
    const context = this.#context;
    const { repository, tag, target, precondition } = request;
    const digest = target.kind === "digest" ? target.digest : await this.#demandThen(request, target.time);
    return transactCounted(context, async (transaction) => {
      await transaction.prefetch([tagKey(repository, tag), manifestKey(repository, digest)]);
      const found = await this.#find(transaction, { repository, tag, digest, origin });
      const { descriptor, content } = found;
      await moveTag(context, transaction, {
        repository,
        tag,
        descriptor,
        content,
        ...(precondition !== undefined && { precondition }),
        origin,
      });
      return { descriptor, undeleted: found.undeleted };
    });
  }

  async #demandThen({ repository, tag }: RestoreTag, time: number): Promise<Digest> {
    const digest = await digestAt(this.#context, { repository, tag }, time);
    if (digest !== undefined) return digest;
    const then = new Date(time).toISOString();
    const message = `as far as is remembered, tag "${tag}" of repository "${repository}" pointed to nothing at ${then}`;
    throw new RegistryError("MANIFEST_UNKNOWN", { repository, tag }, { message });
  }

  async #find(
    transaction: Transaction,
    {
      repository,
      tag,
      digest,
      origin,
    }: { repository: RepositoryName; tag: Tag; digest: Digest; origin: Origin },
  ): Promise<{
    readonly descriptor: Descriptor;
    readonly content: TaggedContent;
    readonly undeleted: readonly Digest[];
  }> {
    const live = await transaction.get(manifestKey(repository, digest));
    if (live !== undefined) {
      const { mediaType, size, revision } = live;
      // As a push would: who deletes or judges the manifest at the same moment sees it.
      transaction.put(manifestKey(repository, digest), { ...live, revision: revision + 1 });
      const content = await storedTaggedContent(this.#context, transaction, { repository, digest }, live);
      return { descriptor: { mediaType, digest, size }, content, undeleted: [] };
    }
    const record = await transaction.get(trashKey(repository, digest));
    if (record === undefined) {
      await this.#demandGone({ repository, digest });
      const message = `manifest ${digest} is neither in repository "${repository}" nor in its trash any more`;
      throw new RegistryError("MANIFEST_UNKNOWN", { repository, digest }, { message });
    }
    const place = { repository, digest };
    const restored: Restoration = await restoreFromTrash(this.#context, transaction, {
      place,
      record,
      origin,
      // The one comes back by what is asked for.
      wants: attachedButFor(tag),
    });
    const content = await storedTaggedContent(this.#context, transaction, place, record.manifest);
    return { descriptor: restored.descriptor, content, undeleted: [digest, ...restored.companions] };
  }

  /** Throws CommitConflict for one that came out of the trash between the looks for it here and there. */
  async #demandGone({ repository, digest }: Place): Promise<void> {
    const key = manifestKey(repository, digest);
    if ((await this.#context.metadata.get(key)) !== undefined) throw new CommitConflict(key.text);
  }
}

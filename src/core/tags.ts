// Tags: names that point to manifests. A tag is only ever changed together with
// the index of a manifest's tags, and announced by one event.
import { untaggedKey } from "../metadata/keeping-keys.ts";
import type { DeletionReason } from "../metadata/keeping-records.ts";
import { manifestKey, manifestTagKey, tagKey } from "../metadata/keys.ts";
import type { TagRecord } from "../metadata/records.ts";
import { type Transaction, transact } from "../metadata/transaction.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import type { RepositoryName, Tag } from "../oci/reference.ts";
import { demandDelete } from "./blobs.ts";
import type { TaggedContent } from "./content-size.ts";
import type { CoreContext } from "./context.ts";
import { type ListedTag, listTags } from "./listing/tags.ts";
import type { Origin } from "./origin.ts";
import type { Page, PageRequest } from "./page.ts";
import { NOTHING } from "./references.ts";
import { recordTagChange } from "./tag-changes.ts";
import { countUsage } from "./usage.ts";

/** What must be true of a tag for a change to happen. */
export type TagPrecondition =
  | { readonly kind: "absent" }
  | { readonly kind: "present" }
  | { readonly kind: "any-of"; readonly digests: readonly Digest[] }
  | { readonly kind: "none-of"; readonly digests: readonly Digest[] };

export interface DeleteTag {
  readonly repository: RepositoryName;
  readonly tag: Tag;
  readonly precondition?: TagPrecondition | undefined;
  /** The registry's own. Absent: somebody asked for it, which must be allowed. */
  readonly reason?: DeletionReason;
  /** When the tag must have been set for the last time. Absent: at any time. */
  readonly updateTime?: number;
}

export function tagDescriptor({ mediaType, digest, size }: TagRecord): Descriptor {
  return { mediaType, digest, size };
}

/** Throws PRECONDITION_FAILED with what the tag points to. */
function checkPrecondition(tag: Tag, current: TagRecord | undefined, precondition?: TagPrecondition): void {
  if (precondition !== undefined && !holds(precondition, current)) throw tagMoved(tag, current);
}

function tagMoved(tag: Tag, current: TagRecord | undefined): RegistryError {
  const state = current === undefined ? "does not exist" : `points to ${current.digest}`;
  const metadata = current === undefined ? { tag } : { tag, digest: current.digest };
  return new RegistryError("PRECONDITION_FAILED", metadata, { message: `tag "${tag}" ${state}` });
}

function holds(precondition: TagPrecondition, current: TagRecord | undefined): boolean {
  switch (precondition.kind) {
    case "absent":
      return current === undefined;
    case "present":
      return current !== undefined;
    case "any-of":
      return current !== undefined && precondition.digests.includes(current.digest);
    case "none-of":
      return current === undefined || !precondition.digests.includes(current.digest);
  }
}

/** Points a tag to a manifest, as part of the attempt that stores it. */
export async function moveTag(
  context: CoreContext,
  transaction: Transaction,
  move: {
    readonly repository: RepositoryName;
    readonly tag: Tag;
    readonly descriptor: Descriptor;
    /** What lists tell of the manifest. */
    readonly content: TaggedContent;
    readonly precondition?: TagPrecondition;
    readonly origin: Origin;
    /** When it was set, in milliseconds since 1970. Absent: now. */
    readonly time?: number;
  },
): Promise<void> {
  const { repository, tag, descriptor, content, origin } = move;
  const kind = content.artifactType === undefined ? {} : { artifactType: content.artifactType };
  const key = tagKey(repository, tag);
  const current = await transaction.get(key);
  checkPrecondition(tag, current, move.precondition);
  const { actor } = origin;
  transaction.put(key, {
    ...descriptor,
    updateTime: move.time ?? context.now(),
    ...content,
    ...(actor !== undefined && { actor }),
  });
  if (current?.digest === descriptor.digest) return;
  transaction.put(manifestTagKey(repository, descriptor.digest, tag), NOTHING);
  if (current === undefined) countUsage(context, transaction, repository, { tags: 1 });
  else untag(context, transaction, { repository, tag, digest: current.digest });
  const from = current === undefined ? {} : { from: current.digest };
  recordTagChange(context, transaction, { repository, tag, ...from, to: descriptor.digest, origin });
  const fact =
    current === undefined
      ? ({ kind: "tag_created", tag, descriptor, ...kind } as const)
      : ({ kind: "tag_moved", tag, descriptor, ...kind, previousDigest: current.digest } as const);
  context.listener.changed(transaction, origin, repository, fact);
}

/** Removes a tag that was read in this attempt. */
export function removeTag(
  context: CoreContext,
  transaction: Transaction,
  removal: {
    readonly repository: RepositoryName;
    readonly tag: Tag;
    readonly current: TagRecord;
    /** Of the manifest it points to, where that says one. */
    readonly artifactType?: string | undefined;
    readonly origin: Origin;
    /** Absent: somebody asked for it. */
    readonly reason?: DeletionReason | undefined;
  },
): void {
  const { repository, tag, current, artifactType, origin, reason } = removal;
  transaction.remove(tagKey(repository, tag));
  countUsage(context, transaction, repository, { tags: -1 });
  untag(context, transaction, { repository, tag, digest: current.digest });
  recordTagChange(context, transaction, { repository, tag, from: current.digest, origin, reason });
  const descriptor = tagDescriptor(current);
  const kind = artifactType === undefined ? {} : { artifactType };
  context.listener.changed(transaction, origin, repository, {
    kind: "tag_deleted",
    tag,
    descriptor,
    ...kind,
  });
}

/** The manifest is no longer called so, and remembers when that was. */
function untag(
  { now }: CoreContext,
  transaction: Transaction,
  {
    repository,
    tag,
    digest,
  }: { readonly repository: RepositoryName; readonly tag: Tag; readonly digest: Digest },
): void {
  transaction.remove(manifestTagKey(repository, digest, tag));
  transaction.put(untaggedKey(repository, digest), { time: now() });
}

export function tagUnknown(repository: RepositoryName, tag: Tag): RegistryError {
  const message = `tag "${tag}" is not in repository "${repository}"`;
  return new RegistryError("MANIFEST_UNKNOWN", { repository, tag }, { message });
}

export class Tags {
  readonly #context: CoreContext;

  constructor(context: CoreContext) {
    this.#context = context;
  }

  /** Removes the tag, not the manifest; resolves to what it pointed to. Throws MANIFEST_UNKNOWN, PRECONDITION_FAILED, UNSUPPORTED. */
  async delete(
    { repository, tag, precondition, reason, updateTime }: DeleteTag,
    origin: Origin,
  ): Promise<Descriptor> {
    const context = this.#context;
    if (reason === undefined) demandDelete(context);
    return transact(context.metadata, async (transaction) => {
      const current = await transaction.get(tagKey(repository, tag));
      checkPrecondition(tag, current, precondition);
      if (current === undefined) throw tagUnknown(repository, tag);
      if (updateTime !== undefined && current.updateTime !== updateTime) throw tagMoved(tag, current);
      const manifest = await context.metadata.get(manifestKey(repository, current.digest));
      removeTag(context, transaction, {
        repository,
        tag,
        current,
        artifactType: manifest?.artifactType,
        origin,
        reason,
      });
      return tagDescriptor(current);
    });
  }

  /** Tags in byte order of their names. Throws NAME_UNKNOWN. */
  async list(
    repository: RepositoryName,
    request: PageRequest,
    { namesOnly }: { readonly namesOnly: boolean },
  ): Promise<Page<ListedTag>> {
    const { after, limit } = request;
    const { items, next } = await listTags(this.#context, {
      repository,
      limit,
      order: "name",
      descending: false,
      tell: namesOnly ? "names" : "records",
      ...(after !== undefined && { after: { name: after } }),
    });
    return { items, more: next !== undefined };
  }
}

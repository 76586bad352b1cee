// Deleting a manifest: its card goes to the trash, and with it, in the same commit,
// its tags and all that belongs to it and to nothing else: members of an index,
// referrers, tags attached by name. Nothing holds less for it until it is purged.
import { dueKey } from "../metadata/due.ts";
import { trashKey } from "../metadata/keeping-keys.ts";
import type { DeletionReason, TrashRecord } from "../metadata/keeping-records.ts";
import { manifestCountKey, manifestKey, referrerKey, tagKey, tagsOfManifest } from "../metadata/keys.ts";
import type { ManifestRecord } from "../metadata/records.ts";
import type { Transaction } from "../metadata/transaction.ts";
import type { Digest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import type { RepositoryName, Tag } from "../oci/reference.ts";
import { type AttachedTag, Belongings } from "./belongings.ts";
import type { CoreContext } from "./context.ts";
import { demandUnneeded } from "./in-use.ts";
import type { Origin } from "./origin.ts";
import { NOTHING } from "./references.ts";
import { removeTag } from "./tags.ts";
import { countUsage } from "./usage.ts";

/** How many tags of a manifest are read at once. */
const TAG_BATCH = 1000;

export interface DeleteManifest {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly reason: DeletionReason;
  readonly origin: Origin;
}

export interface DeletedManifest {
  /** The tags that pointed to it. */
  readonly tags: readonly Tag[];
  /** The manifests that went with it. */
  readonly companions: readonly Digest[];
}

export function manifestUnknown(repository: RepositoryName, digest: Digest): RegistryError {
  const message = `manifest ${digest} is not in repository "${repository}"`;
  return new RegistryError("MANIFEST_UNKNOWN", { repository, digest }, { message });
}

/** What a manifest refers to and of what kind it is, where it says so. */
export function kindOf({
  subject,
  artifactType,
}: {
  readonly subject?: Digest;
  readonly artifactType?: string;
}) {
  return { ...(subject !== undefined && { subject }), ...(artifactType !== undefined && { artifactType }) };
}

/** Collects the deletion in the attempt. Throws MANIFEST_UNKNOWN, and MANIFEST_IN_USE while an index needs it. */
export async function deleteManifest(
  context: CoreContext,
  transaction: Transaction,
  deletion: DeleteManifest,
): Promise<DeletedManifest> {
  const { repository, digest } = deletion;
  const record = await transaction.get(manifestKey(repository, digest));
  if (record === undefined) throw manifestUnknown(repository, digest);
  await demandUnneeded(context, transaction, { repository, digest }, "MANIFEST_IN_USE");
  const belongings = await Belongings.of(context, transaction, { repository, digest }, record);
  const removed = await removeTags(context, transaction, deletion, record);
  const attached = new Map<Digest, AttachedTag[]>();
  for (const { tag, current } of belongings.tags) {
    const { origin, reason } = deletion;
    removeTag(context, transaction, { repository, tag, current, origin, reason });
    attached.set(current.digest, [...(attached.get(current.digest) ?? []), { tag, current }]);
  }
  const reason = { kind: "belonged", to: digest } as const;
  for (const [companion, card] of belongings.manifests) {
    const member = { ...deletion, digest: companion, reason };
    await moveToTrash(context, transaction, member, { record: card, removed: attached.get(companion) ?? [] });
  }
  const companions = [...belongings.manifests.keys()];
  const attachedTags = belongings.tags
    .filter(({ current }) => !belongings.manifests.has(current.digest))
    .map(({ tag, current }) => ({ tag, digest: current.digest }));
  await moveToTrash(context, transaction, deletion, { record, removed, companions, attachedTags });
  return { tags: removed.map(({ tag }) => tag), companions };
}

async function moveToTrash(
  context: CoreContext,
  transaction: Transaction,
  { repository, digest, reason, origin }: DeleteManifest,
  {
    record,
    removed,
    companions = [],
    attachedTags = [],
  }: {
    readonly record: ManifestRecord;
    readonly removed: readonly AttachedTag[];
    readonly companions?: readonly Digest[];
    readonly attachedTags?: NonNullable<TrashRecord["attachedTags"]>;
  },
): Promise<void> {
  const deleteTime = context.now();
  transaction.remove(manifestKey(repository, digest));
  transaction.add(manifestCountKey(repository), -1);
  const logicalBytes = -(record.contentSize ?? 0);
  countUsage(context, transaction, repository, { manifests: -1, trashed: 1, logicalBytes });
  const referrer = await takeReferrer(transaction, repository, digest, record);
  const trashed: TrashRecord = {
    manifest: record,
    ...(referrer !== undefined && { referrer }),
    tags: removed.map(({ tag }) => tag),
    ...(removed.length > 0 && { tagTimes: removed.map(({ current }) => current.updateTime) }),
    deleteTime,
    reason,
    ...(origin.actor !== undefined && { actor: origin.actor }),
    ...(companions.length > 0 && { companions }),
    ...(attachedTags.length > 0 && { attachedTags }),
  };
  transaction.put(trashKey(repository, digest), trashed);
  const what = { kind: "trash", repository, digest } as const;
  transaction.put(dueKey({ time: deleteTime + context.options.trashAgeMs, what }), NOTHING);
  const { mediaType, size } = record;
  const descriptor = { mediaType, digest, size };
  context.listener.changed(transaction, origin, repository, {
    kind: "manifest_deleted",
    descriptor,
    ...kindOf(record),
  });
}

/** Takes the manifest out of the referrers index. */
async function takeReferrer(
  transaction: Transaction,
  repository: RepositoryName,
  digest: Digest,
  { subject }: ManifestRecord,
) {
  if (subject === undefined) return undefined;
  const key = referrerKey(repository, subject, digest);
  transaction.remove(key);
  return transaction.get(key);
}

/** Removes all tags that point to the manifest. */
async function removeTags(
  context: CoreContext,
  transaction: Transaction,
  { repository, digest, origin, reason }: DeleteManifest,
  { artifactType }: ManifestRecord,
): Promise<readonly AttachedTag[]> {
  const removed: AttachedTag[] = [];
  let after = "";
  for (;;) {
    const entries = await context.metadata.page(tagsOfManifest(repository, digest), {
      limit: TAG_BATCH,
      after,
      namesOnly: true,
    });
    for (const { name } of entries) {
      const tag = name as Tag; // a tag was written there
      const current = await transaction.get(tagKey(repository, tag));
      if (current?.digest !== digest) continue;
      removeTag(context, transaction, { repository, tag, current, artifactType, origin, reason });
      removed.push({ tag, current });
    }
    if (entries.length < TAG_BATCH) return removed;
    after = entries.at(-1)?.name ?? after;
  }
}

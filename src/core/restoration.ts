// Bringing manifests back from the trash: their cards, their places in the referrers
// index, the links to their blobs, and their tags where those are free.
import { trashKey } from "../metadata/keeping-keys.ts";
import type { TrashRecord } from "../metadata/keeping-records.ts";
import { blobKey, linkKey, manifestCountKey, manifestKey, referrerKey, tagKey } from "../metadata/keys.ts";
import type { Transaction } from "../metadata/transaction.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { isIndex } from "../oci/media-types.ts";
import type { Tag } from "../oci/reference.ts";
import { digestOfAttachedTag } from "./attached-tags.ts";
import type { CoreContext } from "./context.ts";
import { kindOf } from "./deletion.ts";
import { readStoredManifest, storedTaggedContent } from "./manifest-content.ts";
import type { Origin } from "./origin.ts";
import { ensureLink, type Place } from "./references.ts";
import { ensureRepository } from "./repositories.ts";
import { moveTag } from "./tags.ts";
import { countUsage } from "./usage.ts";

export interface Restoration {
  readonly descriptor: Descriptor;
  /** The tags that point to it, or to what came with it, again. */
  readonly tags: readonly Tag[];
  /** The tags that point elsewhere by now, and were left. */
  readonly takenTags: readonly Tag[];
  /** What came back with it. */
  readonly companions: readonly Digest[];
}

interface Restoring {
  readonly place: Place;
  /** As it was read in this attempt. */
  readonly record: TrashRecord;
  readonly origin: Origin;
  /** Which tags come back. */
  readonly wants: (tag: Tag) => boolean;
}

/** All of them. */
export const ANY_TAG = (): boolean => true;

/** Those that are attached to what they are named after, but not this one. */
export const attachedButFor = (other: Tag) => (tag: Tag) =>
  tag !== other && digestOfAttachedTag(tag) !== undefined;

/** What comes back in one attempt, card by card. */
interface RestoringCards extends Restoring {
  /** The blobs whose links were seen to: an attempt reads what was before it, and would make a second one. */
  readonly linked: Set<Digest>;
}

/** Collects the restoration in the attempt. */
export async function restoreFromTrash(
  context: CoreContext,
  transaction: Transaction,
  request: Restoring,
): Promise<Restoration> {
  const restoring: RestoringCards = { ...request, linked: new Set() };
  const { place, record } = restoring;
  const { repository, digest } = place;
  await ensureRepository(context, transaction, restoring.origin, repository);
  const tags: Tag[] = [];
  const takenTags: Tag[] = [];
  const companions: Digest[] = [];
  // Companions first, so that nobody sees an index without its members.
  for (const companion of record.companions ?? []) {
    const found = await transaction.get(trashKey(repository, companion));
    if (found?.reason.kind !== "belonged" || found.reason.to !== digest) continue;
    await restoreCard(context, transaction, {
      ...restoring,
      place: { repository, digest: companion },
      record: found,
    });
    companions.push(companion);
  }
  await restoreCard(context, transaction, restoring);
  const members = await restoreMembers(context, transaction, restoring, [digest, ...companions]);
  for (const back of [digest, ...companions]) {
    const one = await restoreTags(context, transaction, restoring, back);
    tags.push(...one.tags);
    takenTags.push(...one.takenTags);
  }
  const attached = await restoreAttachedTags(context, transaction, restoring);
  tags.push(...attached.tags);
  takenTags.push(...attached.takenTags);
  const { mediaType, size } = record.manifest;
  return {
    descriptor: { mediaType, digest, size },
    tags,
    takenTags,
    companions: [...companions, ...members],
  };
}

/**
 * Members of indexes that came back, where they were deleted apart from those: without them an index leads to nothing.
 * Their tags do not come back; somebody had deleted them by their names.
 */
async function restoreMembers(
  context: CoreContext,
  transaction: Transaction,
  restoring: RestoringCards,
  restored: readonly Digest[],
): Promise<readonly Digest[]> {
  const { repository } = restoring.place;
  const back = new Set(restored);
  for (const digest of back) {
    // Read before in this attempt, and so as it was before it.
    const trashed = await transaction.get(trashKey(repository, digest));
    if (trashed === undefined || !isIndex(trashed.manifest.mediaType)) continue;
    const index = await readStoredManifest(context, digest, trashed.manifest);
    const members = index?.manifests.map((member) => member.digest) ?? [];
    await transaction.prefetch(members.map((member) => manifestKey(repository, member)));
    for (const member of members) {
      const isLive = (await transaction.get(manifestKey(repository, member))) !== undefined;
      const record =
        isLive || back.has(member) ? undefined : await transaction.get(trashKey(repository, member));
      if (record === undefined) continue;
      const untagged = { ...record, tags: [] };
      await restoreCard(context, transaction, {
        ...restoring,
        place: { repository, digest: member },
        record: untagged,
      });
      back.add(member);
    }
  }
  return [...back].slice(restored.length);
}

async function restoreCard(
  context: CoreContext,
  transaction: Transaction,
  { place, record, origin, linked }: RestoringCards,
): Promise<void> {
  const { repository, digest } = place;
  const { manifest, referrer, tags } = record;
  transaction.remove(trashKey(repository, digest));
  // Brought back is as good as pushed: whoever judges by age begins anew.
  const revision = manifest.revision + 1;
  const pushTime = context.now();
  transaction.put(manifestKey(repository, digest), { ...manifest, revision, pushTime });
  const logicalBytes = manifest.contentSize ?? 0;
  countUsage(context, transaction, repository, { manifests: 1, trashed: -1, logicalBytes, pushTime });
  transaction.add(manifestCountKey(repository), 1);
  if (manifest.subject !== undefined && referrer !== undefined)
    transaction.put(referrerKey(repository, manifest.subject, digest), referrer);
  await restoreLinks(context, transaction, { place, record, linked });
  const { mediaType, size } = manifest;
  context.listener.changed(transaction, origin, repository, {
    kind: "manifest_pushed",
    descriptor: { mediaType, digest, size },
    tags,
    restored: true,
    ...kindOf(manifest),
  });
}

/**
 * Links can have been deleted meanwhile; the bytes were held all the time. Only of what the repository must have had for
 * the push: what else a manifest names, such as a foreign layer, would be opened to whoever knows its digest.
 */
async function restoreLinks(
  context: CoreContext,
  transaction: Transaction,
  { place, record, linked }: Pick<RestoringCards, "place" | "record" | "linked">,
): Promise<void> {
  const { repository, digest } = place;
  const stored = await readStoredManifest(context, digest, record.manifest);
  const needed = new Set(stored?.blobs.map((blob) => blob.digest)).difference(linked);
  await transaction.prefetch([...needed].flatMap((other) => [linkKey(repository, other), blobKey(other)]));
  for (const other of needed) {
    linked.add(other);
    const blob = await transaction.get(blobKey(other));
    if (blob !== undefined) await ensureLink(context, transaction, { repository, digest: other }, blob.size);
  }
}

/** Tags attached to it by name, of manifests that stayed when it went and are still here. */
async function restoreAttachedTags(
  context: CoreContext,
  transaction: Transaction,
  { place: { repository }, record, origin, wants }: Restoring,
): Promise<{ readonly tags: readonly Tag[]; readonly takenTags: readonly Tag[] }> {
  const tags: Tag[] = [];
  const takenTags: Tag[] = [];
  for (const { tag, digest } of record.attachedTags ?? []) {
    const card = wants(tag) ? await transaction.get(manifestKey(repository, digest)) : undefined;
    if (card === undefined) continue;
    if ((await transaction.get(tagKey(repository, tag))) !== undefined) {
      takenTags.push(tag);
      continue;
    }
    const { mediaType, size, revision } = card;
    // As a push would: who deletes or judges the manifest at the same moment sees it.
    transaction.put(manifestKey(repository, digest), { ...card, revision: revision + 1 });
    const content = await storedTaggedContent(context, transaction, { repository, digest }, card);
    const descriptor = { mediaType, digest, size };
    await moveTag(context, transaction, { repository, tag, descriptor, content, origin });
    tags.push(tag);
  }
  return { tags, takenTags };
}

async function restoreTags(
  context: CoreContext,
  transaction: Transaction,
  { place: { repository }, origin, wants }: Restoring,
  digest: Digest,
): Promise<{ readonly tags: readonly Tag[]; readonly takenTags: readonly Tag[] }> {
  // Read before in this attempt, and so as it was before it.
  const record = await transaction.get(trashKey(repository, digest));
  const tags: Tag[] = [];
  const takenTags: Tag[] = [];
  if (record === undefined || record.tags.length === 0) return { tags, takenTags };
  const { mediaType, size } = record.manifest;
  const descriptor = { mediaType, digest, size };
  const content = await storedTaggedContent(context, transaction, { repository, digest }, record.manifest);
  for (const [place, tag] of record.tags.entries()) {
    if (!wants(tag)) continue;
    if ((await transaction.get(tagKey(repository, tag))) !== undefined) {
      takenTags.push(tag);
      continue;
    }
    // It is as old as it was: retention would otherwise take it for the newest.
    const time = record.tagTimes?.[place];
    const since = time === undefined ? {} : { time };
    await moveTag(context, transaction, { repository, tag, descriptor, content, origin, ...since });
    tags.push(tag);
  }
  return { tags, takenTags };
}

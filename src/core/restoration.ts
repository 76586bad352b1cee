// Bringing manifests back from the trash: their cards, their places in the referrers
// index, the links to their blobs, and their tags where those are free.
import { trashKey } from "../metadata/keeping-keys.ts";
import type { TrashRecord } from "../metadata/keeping-records.ts";
import { blobKey, linkKey, manifestCountKey, manifestKey, referrerKey, tagKey } from "../metadata/keys.ts";
import type { Transaction } from "../metadata/transaction.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { Tag } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";
import { kindOf } from "./deletion.ts";
import { namedByStored } from "./manifest-content.ts";
import type { Origin } from "./origin.ts";
import { ensureLink, type Place } from "./references.ts";
import { ensureRepository } from "./repositories.ts";
import { moveTag } from "./tags.ts";

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
  readonly withTags: boolean;
}

/** Collects the restoration in the attempt. */
export async function restoreFromTrash(
  context: CoreContext,
  transaction: Transaction,
  restoring: Restoring,
): Promise<Restoration> {
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
  if (restoring.withTags) {
    for (const back of [digest, ...companions]) {
      const one = await restoreTags(context, transaction, restoring, back);
      tags.push(...one.tags);
      takenTags.push(...one.takenTags);
    }
  }
  const { mediaType, size } = record.manifest;
  return { descriptor: { mediaType, digest, size }, tags, takenTags, companions };
}

async function restoreCard(
  context: CoreContext,
  transaction: Transaction,
  { place, record, origin }: Restoring,
): Promise<void> {
  const { repository, digest } = place;
  const { manifest, referrer, tags } = record;
  transaction.remove(trashKey(repository, digest));
  // Brought back is as good as pushed: whoever judges by age begins anew.
  const revision = manifest.revision + 1;
  transaction.put(manifestKey(repository, digest), { ...manifest, revision, pushTime: context.now() });
  transaction.add(manifestCountKey(repository), 1);
  if (manifest.subject !== undefined && referrer !== undefined)
    transaction.put(referrerKey(repository, manifest.subject, digest), referrer);
  await restoreLinks(context, transaction, place, record);
  const { mediaType, size } = manifest;
  context.listener.changed(transaction, origin, repository, {
    kind: "manifest_pushed",
    descriptor: { mediaType, digest, size },
    tags,
    restored: true,
    ...kindOf(manifest),
  });
}

/** Links can have been deleted meanwhile; the bytes were held all the time. */
async function restoreLinks(
  context: CoreContext,
  transaction: Transaction,
  { repository, digest }: Place,
  { manifest }: TrashRecord,
): Promise<void> {
  const named = await namedByStored(context, digest, manifest);
  await transaction.prefetch(named.flatMap((other) => [linkKey(repository, other), blobKey(other)]));
  for (const other of named) {
    if (other === manifest.signed?.digest) continue;
    if ((await isManifest(transaction, repository, other)) === true) continue;
    const blob = await transaction.get(blobKey(other));
    if (blob !== undefined) await ensureLink(context, transaction, { repository, digest: other }, blob.size);
  }
}

async function isManifest(
  transaction: Transaction,
  repository: Place["repository"],
  digest: Digest,
): Promise<boolean> {
  return (
    (await transaction.get(manifestKey(repository, digest))) !== undefined ||
    (await transaction.get(trashKey(repository, digest))) !== undefined
  );
}

async function restoreTags(
  context: CoreContext,
  transaction: Transaction,
  { place: { repository }, origin }: Restoring,
  digest: Digest,
): Promise<{ readonly tags: readonly Tag[]; readonly takenTags: readonly Tag[] }> {
  // Read before in this attempt, and so as it was before it.
  const record = await transaction.get(trashKey(repository, digest));
  const tags: Tag[] = [];
  const takenTags: Tag[] = [];
  if (record === undefined) return { tags, takenTags };
  const { mediaType, size, artifactType } = record.manifest;
  const descriptor = { mediaType, digest, size };
  for (const tag of record.tags) {
    if ((await transaction.get(tagKey(repository, tag))) !== undefined) {
      takenTags.push(tag);
      continue;
    }
    const kind = artifactType === undefined ? {} : { artifactType };
    await moveTag(context, transaction, { repository, tag, descriptor, ...kind, origin });
    tags.push(tag);
  }
  return { tags, takenTags };
}

// What the collector may do to one thing that is due: each look decides by the cards
// as they are in the commit, so that nothing goes that somebody came to need.
import type { Due } from "../metadata/due.ts";
import {
  contentsKey,
  heldKey,
  namedKey,
  openUploadsKey,
  pullsKey,
  tagChangeKey,
  tagChangesOf,
  trashKey,
  untaggedKey,
} from "../metadata/keeping-keys.ts";
import type { TrashRecord } from "../metadata/keeping-records.ts";
import { blobKey, contentKey, linkKey, repositoryKey, tagKey } from "../metadata/keys.ts";
import { type Transaction, transact } from "../metadata/transaction.ts";
import type { Digest } from "../oci/digest.ts";
import { OCTET_STREAM } from "../oci/media-types.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";
import { namedByStored } from "./manifest-content.ts";
import { NOBODY } from "./origin.ts";
import { type Place, removeLink, removeManifestHolders } from "./references.ts";
import { countedBytes, countUsage, digestCards, exchangeBlobCard, NO_QUOTAS } from "./usage.ts";

/** What became of something that was due. */
export type Outcome =
  /** It is gone for good; how many bytes the card told. */
  | { readonly kind: "removed"; readonly size: number }
  /** Something needs it, or it is not there. */
  | { readonly kind: "kept" }
  /** It is to be looked at again then, in milliseconds since 1970. */
  | { readonly kind: "later"; readonly time: number };

const KEPT: Outcome = { kind: "kept" };

/** An open upload keeps its repository's links, but not for ever: so many grace times. */
export const MOST_GRACES = 7;

/** How soon what is kept for now is looked at again, at least, in milliseconds. */
const LEAST_WAIT_MS = 60_000;

/** Removes a link that no manifest names and nobody asked for within the grace time. */
export function expireLink(
  context: CoreContext,
  { repository, digest }: Place,
  graceMs: number,
): Promise<Outcome> {
  const { metadata, now } = context;
  return transact(metadata, async (transaction) => {
    const keys = { link: linkKey(repository, digest), uploads: openUploadsKey(repository) };
    await transaction.prefetch([keys.link, namedKey(repository, digest), keys.uploads]);
    const link = await transaction.get(keys.link);
    if (link === undefined || (await transaction.get(namedKey(repository, digest))) !== undefined)
      return KEPT;
    const since = link.leaseTime ?? link.createTime;
    if (since + graceMs > now()) return { kind: "later", time: since + graceMs };
    // A push of many hours may have brought this layer first.
    const isPushing = (await transaction.get(keys.uploads)) !== undefined;
    if (isPushing && since + MOST_GRACES * graceMs > now())
      return { kind: "later", time: now() + Math.max(graceMs / 4, LEAST_WAIT_MS) };
    await removeLink(context, transaction, { repository, digest }, 0);
    const descriptor = { mediaType: OCTET_STREAM, digest, size: link.size };
    context.listener.changed(transaction, NOBODY, repository, { kind: "blob_deleted", descriptor });
    return { kind: "removed", size: link.size };
  });
}

/**
 * Removes the card of bytes that nothing holds. The caller has the digest alone, and removes the bytes afterwards,
 * also when the card was gone already: then a crash came in between.
 */
export function expireBlob(context: CoreContext, digest: Digest): Promise<Outcome> {
  return transact(context.metadata, async (transaction) => {
    await transaction.prefetch([heldKey(digest), blobKey(digest)]);
    if ((await transaction.get(heldKey(digest))) !== undefined) return KEPT;
    const blob = await transaction.get(blobKey(digest));
    if (blob === undefined) return { kind: "removed", size: 0 };
    exchangeBlobCard(transaction, digest, { before: blob, after: undefined });
    transaction.remove(contentKey(digest));
    const descriptor = { mediaType: OCTET_STREAM, digest, size: blob.size };
    context.listener.changed(transaction, NOBODY, undefined, { kind: "blob_collected", descriptor });
    return { kind: "removed", size: blob.size };
  });
}

/** Removes a manifest for good whose time in the trash is over. */
export function expireTrash(context: CoreContext, place: Place): Promise<Outcome> {
  const { metadata, now, options } = context;
  return transact(metadata, async (transaction) => {
    const record = await transaction.get(trashKey(place.repository, place.digest));
    if (record === undefined) return KEPT;
    const time = record.deleteTime + options.trashAgeMs;
    if (time > now()) return { kind: "later", time };
    await purgeFromTrash(context, transaction, place, record);
    return { kind: "removed", size: record.manifest.size };
  });
}

/** Removes a manifest from the trash that was read there in this attempt: from now on it holds nothing. */
export async function purgeFromTrash(
  context: CoreContext,
  transaction: Transaction,
  { repository, digest }: Place,
  { manifest }: TrashRecord,
): Promise<void> {
  const named = await namedByStored(context, digest, manifest);
  const before = await digestCards(transaction, repository, digest);
  const pulls = await transaction.get(pullsKey(repository, digest));
  countUsage(context, transaction, repository, {
    trashed: -1,
    bytes: countedBytes({ ...before, trashed: undefined }) - countedBytes(before),
    pulls: -(pulls?.count ?? 0),
  });
  transaction.remove(trashKey(repository, digest));
  transaction.remove(untaggedKey(repository, digest));
  transaction.remove(pullsKey(repository, digest));
  await removeManifestHolders(context, transaction, { repository, digest }, named);
}

/** Forgets a change of a tag that is old enough; the last one of a tag that exists only where none is remembered. */
export async function expireTagChange(
  context: CoreContext,
  what: Extract<Due, { kind: "tag-change" }>,
): Promise<Outcome> {
  const { metadata, now, options } = context;
  const { repository, tag, change } = what;
  const [time = "", ...id] = change.split("-");
  const key = tagChangeKey(repository, tag, { time: Number(time), id: id.join("-") });
  const end = Number(time) + options.tagHistoryMs;
  if (end > now()) return { kind: "later", time: end };
  return transact(metadata, async (transaction) => {
    // First the tag: whoever made it since has left a newer change, too.
    const mayBeLast =
      options.tagHistoryMs > 0 && (await transaction.get(tagKey(repository, tag))) !== undefined;
    const newer = { limit: 1, namesOnly: true, after: change };
    if (mayBeLast && (await metadata.page(tagChangesOf(repository, tag), newer)).length === 0)
      return { kind: "later", time: now() + Math.max(options.tagHistoryMs, LEAST_WAIT_MS) };
    if ((await transaction.get(key)) === undefined) return KEPT;
    transaction.remove(key);
    return { kind: "removed", size: 0 };
  });
}

/** Removes a repository that holds nothing any more. True: it did. */
export function removeEmptyRepository(context: CoreContext, repository: RepositoryName): Promise<boolean> {
  return transact(context.metadata, async (transaction) => {
    const counters = [contentsKey(repository), openUploadsKey(repository)];
    await transaction.prefetch([repositoryKey(repository), ...counters]);
    if ((await transaction.get(repositoryKey(repository))) === undefined) return false;
    for (const counter of counters) if ((await transaction.get(counter)) !== undefined) return false;
    transaction.remove(repositoryKey(repository));
    countUsage(NO_QUOTAS, transaction, repository, { repositories: -1 });
    context.listener.changed(transaction, NOBODY, repository, { kind: "repository_deleted" });
    return true;
  });
}

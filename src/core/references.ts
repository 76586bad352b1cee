// What keeps what. A digest's bytes stay while it is held: by a repository's link,
// by a manifest that it is, by a manifest that names it, whether that is live or in
// the trash. Each hold is an entry of the holders index and counts; both change in
// the commit that makes or removes the card which is their cause.
import { dueKey } from "../metadata/due.ts";
import {
  contentsKey,
  heldKey,
  linkHolderKey,
  manifestHolderKey,
  namedKey,
} from "../metadata/keeping-keys.ts";
import { blobKey, linkKey } from "../metadata/keys.ts";
import { put } from "../metadata/metadata-store.ts";
import type { LinkRecord } from "../metadata/records.ts";
import type { Transaction } from "../metadata/transaction.ts";
import type { Digest } from "../oci/digest.ts";
import type { ParsedManifest } from "../oci/manifest.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";
import { cardsBesideLink, countedBytes, countUsage } from "./usage.ts";

export const NOTHING = new Uint8Array(0);

/** A digest in a repository. */
export interface Place {
  readonly repository: RepositoryName;
  readonly digest: Digest;
}

/** All that a manifest names and keeps, each once: config, layers (foreign ones too), members. Not its subject. */
export function digestsNamedBy(
  manifest: Pick<ParsedManifest, "blobs" | "foreign" | "manifests">,
): readonly Digest[] {
  const { blobs, foreign, manifests } = manifest;
  return [...new Set([...blobs, ...foreign, ...manifests].map(({ digest }) => digest))];
}

/** The manifest's card is new: it holds itself and what it names. */
export function addManifestHolders(
  transaction: Transaction,
  { repository, digest }: Place,
  named: readonly Digest[],
): void {
  transaction.add(contentsKey(repository), 1);
  hold(transaction, { repository, digest }, digest);
  for (const other of named) {
    hold(transaction, { repository, digest }, other);
    transaction.add(namedKey(repository, other), 1);
  }
}

/**
 * The manifest's card is gone for good. What it named is looked at again when the grace time is over; its own bytes
 * at once.
 */
export async function removeManifestHolders(
  context: CoreContext,
  transaction: Transaction,
  { repository, digest }: Place,
  named: readonly Digest[],
): Promise<void> {
  const now = context.now();
  transaction.add(contentsKey(repository), -1);
  letGo(transaction, { repository, digest }, digest);
  dueBlob(transaction, digest, now);
  await transaction.prefetch(named.map((other) => linkKey(repository, other)));
  for (const other of named) {
    letGo(transaction, { repository, digest }, other);
    await unname(context, transaction, { repository, digest: other }, 0);
  }
}

/** The manifest, which has a card, names one set of digests instead of another. */
export async function exchangeHolders(
  context: CoreContext,
  transaction: Transaction,
  { repository, digest }: Place,
  { from, to }: { readonly from: readonly Digest[]; readonly to: readonly Digest[] },
): Promise<void> {
  const [before, after] = [new Set(from), new Set(to)];
  for (const other of after.difference(before)) {
    hold(transaction, { repository, digest }, other);
    transaction.add(namedKey(repository, other), 1);
  }
  for (const other of before.difference(after)) {
    letGo(transaction, { repository, digest }, other);
    // Somebody may be about to read it.
    await unname(context, transaction, { repository, digest: other }, context.options.graceMs);
  }
}

/** Bytes were placed that no card came to mention: the collector is to take them away. Never throws. */
export async function giveUpBytes({ metadata, now }: CoreContext, digests: readonly Digest[]): Promise<void> {
  try {
    for (const digest of digests) {
      if ((await metadata.get(blobKey(digest))) !== undefined) continue;
      const what = { kind: "blob", digest } as const;
      await metadata.commit({ changes: [put(dueKey({ time: now(), what }), NOTHING)] });
    }
  } catch {
    // The failure that led here is the one to tell; what stays is found by a check of the cellar.
  }
}

/** Makes sure that the repository has a link to the blob, fresh enough for whoever asks for it now. True: it is new. */
export async function ensureLink(
  context: CoreContext,
  transaction: Transaction,
  { repository, digest }: Place,
  size: number,
): Promise<boolean> {
  const key = linkKey(repository, digest);
  const known = await transaction.get(key);
  if (known !== undefined) {
    if (isStale(context, known)) renewLink(context, transaction, { repository, digest }, known);
    return false;
  }
  const createTime = context.now();
  const link = { size, createTime };
  const others = await cardsBesideLink(transaction, repository, digest);
  transaction.put(key, link);
  const bytes = countedBytes({ ...others, link }) - countedBytes({ ...others, link: undefined });
  countUsage(context, transaction, repository, { blobs: 1, bytes });
  transaction.add(contentsKey(repository), 1);
  transaction.put(linkHolderKey(digest, repository), NOTHING);
  transaction.add(heldKey(digest), 1);
  dueLink(context, transaction, { repository, digest }, createTime);
  return true;
}

/** Removes a link that is there. Its bytes are looked at `graceMs` from now. */
export async function removeLink(
  context: CoreContext,
  transaction: Transaction,
  { repository, digest }: Place,
  graceMs: number,
): Promise<void> {
  const link = await transaction.get(linkKey(repository, digest));
  const others = await cardsBesideLink(transaction, repository, digest);
  transaction.remove(linkKey(repository, digest));
  const bytes = countedBytes({ ...others, link: undefined }) - countedBytes({ ...others, link });
  countUsage(context, transaction, repository, { blobs: -1, bytes });
  transaction.add(contentsKey(repository), -1);
  transaction.remove(linkHolderKey(digest, repository));
  transaction.add(heldKey(digest), -1);
  dueBlob(transaction, digest, context.now() + graceMs);
}

/** True once half of the time is over for which a link is kept for whoever asked for it. */
export function isStale({ now, options }: CoreContext, { createTime, leaseTime }: LinkRecord): boolean {
  return (leaseTime ?? createTime) < now() - options.graceMs / 2;
}

/** From now on the link is kept for a whole grace time, whether a manifest names it or not. */
export function renewLink(
  context: CoreContext,
  transaction: Transaction,
  place: Place,
  link: LinkRecord,
): void {
  const leaseTime = context.now();
  transaction.put(linkKey(place.repository, place.digest), { ...link, leaseTime });
  dueLink(context, transaction, place, leaseTime);
}

function dueLink({ options }: CoreContext, transaction: Transaction, place: Place, since: number): void {
  transaction.put(dueKey({ time: since + options.graceMs, what: { kind: "link", ...place } }), NOTHING);
}

function dueBlob(transaction: Transaction, digest: Digest, time: number): void {
  transaction.put(dueKey({ time, what: { kind: "blob", digest } }), NOTHING);
}

/** The manifest of the place begins to hold the digest. */
function hold(transaction: Transaction, { repository, digest }: Place, held: Digest): void {
  transaction.put(manifestHolderKey(held, repository, digest), NOTHING);
  transaction.add(heldKey(held), 1);
}

/** One manifest less of the repository names the digest; its bytes are looked at so much later, in milliseconds. */
async function unname(
  context: CoreContext,
  transaction: Transaction,
  place: Place,
  laterMs: number,
): Promise<void> {
  transaction.add(namedKey(place.repository, place.digest), -1);
  dueBlob(transaction, place.digest, context.now() + laterMs);
  // Somebody may rely on the link since before, when it needed no lease.
  const link = await transaction.get(linkKey(place.repository, place.digest));
  if (link !== undefined) renewLink(context, transaction, place, link);
}

function letGo(transaction: Transaction, { repository, digest }: Place, held: Digest): void {
  transaction.remove(manifestHolderKey(held, repository, digest));
  transaction.add(heldKey(held), -1);
}

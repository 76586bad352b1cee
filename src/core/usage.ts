// Accounting: what a repository holds is counted in the commits that make and remove
// the cards, in its own row and in those of the paths above it (usage-keys.ts).
import { LimitExceeded } from "../metadata/engine.ts";
import { manifestHolderKey, trashKey } from "../metadata/keeping-keys.ts";
import type { TrashRecord } from "../metadata/keeping-records.ts";
import { blobKey, linkKey, manifestKey } from "../metadata/keys.ts";
import type { BlobRecord, LinkRecord, ManifestRecord } from "../metadata/records.ts";
import { type Transaction, transact } from "../metadata/transaction.ts";
import { storedKey, usageKeysOf } from "../metadata/usage-keys.ts";
import type { UsageChange } from "../metadata/usage-record.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { CoreContext, CoreOptions } from "./context.ts";
import { limitsOf, refusalOf } from "./quotas.ts";

/** Counts a change of the repository in all its rows. What it grows by must fit into its quotas (transactCounted). */
export function countUsage(
  { options }: { readonly options: Pick<CoreOptions, "quotas"> },
  transaction: Transaction,
  repository: RepositoryName,
  change: UsageChange,
): void {
  const limits = limitsOf(options.quotas, repository);
  for (const key of usageKeysOf(repository)) transaction.sum(key, change, limits?.get(key.text));
}

/** Where nothing is limited. */
export const NO_QUOTAS = { options: {} };

/** Runs the attempt, as transact does; what does not fit into a quota is DENIED. */
export async function transactCounted<T>(
  { metadata, options }: CoreContext,
  attempt: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  try {
    return await transact(metadata, attempt);
  } catch (error) {
    throw error instanceof LimitExceeded ? refusalOf(options.quotas, error) : error;
  }
}

/** The rules without quotas: for what the registry is told to take over as it is. */
export function withoutQuotas(context: CoreContext): CoreContext {
  const { quotas: _, ...options } = context.options;
  return { ...context, options };
}

/** The cards by which a repository has a digest. */
export interface DigestCards {
  readonly link: LinkRecord | undefined;
  readonly manifest: ManifestRecord | undefined;
  readonly trashed: TrashRecord | undefined;
}

/** What the digest counts in the repository: once, whatever it is there. */
export function countedBytes({ link, manifest, trashed }: DigestCards): number {
  return (link ?? manifest ?? trashed?.manifest)?.size ?? 0;
}

/** As they are before the attempt. */
export async function digestCards(
  transaction: Pick<Transaction, "get">,
  repository: RepositoryName,
  digest: Digest,
): Promise<DigestCards> {
  const [link, manifest, trashed] = await Promise.all([
    transaction.get(linkKey(repository, digest)),
    transaction.get(manifestKey(repository, digest)),
    transaction.get(trashKey(repository, digest)),
  ]);
  return { link, manifest, trashed };
}

/** The same for a link that comes or goes. Seldom is it a manifest too, and one key tells. */
export async function cardsBesideLink(
  transaction: Pick<Transaction, "get">,
  repository: RepositoryName,
  digest: Digest,
): Promise<Omit<DigestCards, "link">> {
  const holder = await transaction.get(manifestHolderKey(digest, repository, digest));
  if (holder === undefined) return { manifest: undefined, trashed: undefined };
  return digestCards(transaction, repository, digest);
}

/** Puts the card of bytes that are in the cellar now, unless a sound one is there. */
export async function ensureBlobCard(
  transaction: Transaction,
  digest: Digest,
  { size, createTime }: Pick<BlobRecord, "size" | "createTime">,
): Promise<void> {
  const before = await transaction.get(blobKey(digest));
  if (before === undefined || before.damageTime !== undefined)
    exchangeBlobCard(transaction, digest, { before, after: { size, createTime } });
}

/** Puts the card of a blob in the place of the one that was read in this attempt, or removes that. */
export function exchangeBlobCard(
  transaction: Transaction,
  digest: Digest,
  { before, after }: { readonly before: BlobRecord | undefined; readonly after: BlobRecord | undefined },
): void {
  if (after !== undefined) transaction.put(blobKey(digest), after);
  else if (before !== undefined) transaction.remove(blobKey(digest));
  transaction.sum(storedKey, {
    blobs: Number(after !== undefined) - Number(before !== undefined),
    bytes: (after?.size ?? 0) - (before?.size ?? 0),
  });
}

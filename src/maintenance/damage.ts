// What is done about bytes that are wrong or gone: put right where good ones lie
// beside the manifest's card, else put aside and marked, so that clients push them again.
import { blobDescriptor } from "../core/blobs.ts";
import type { CoreContext } from "../core/context.ts";
import { NOBODY } from "../core/origin.ts";
import { holdersOf } from "../metadata/keeping-keys.ts";
import { blobKey, contentKey, repositoryOfCatalogName } from "../metadata/keys.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import { transact } from "../metadata/transaction.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/reference.ts";
import { isContentOf } from "./stored-manifest.ts";

/** The most repositories that an event names. */
const MAX_REPOSITORIES = 500;

/** What became of a damaged blob. */
export interface Treatment {
  /** True: it has its bytes again. */
  readonly repaired: boolean;
  /** Who uses it, at most 500. */
  readonly repositories: readonly RepositoryName[];
}

/**
 * Runs the work while nobody else places or removes bytes of the digest. Undefined when somebody is doing that now, so
 * that nothing can be said of it.
 */
export async function withAlone<T>(
  { holds }: CoreContext,
  digest: Digest,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const release = holds.tryAlone(digest);
  if (release === undefined) return undefined;
  try {
    return await work();
  } finally {
    release();
  }
}

/** The caller has the digest alone, and has found its bytes wrong or gone. */
export async function treatDamaged(context: CoreContext, digest: Digest): Promise<Treatment> {
  const { blobs, metadata } = context;
  const repositories = await repositoriesUsing(metadata, digest);
  // First out of the way: bytes that are known to be wrong are never read as good again, whatever happens next.
  await blobs.quarantine(digest);
  const inline = await metadata.get(contentKey(digest));
  if (inline !== undefined && isContentOf(digest, inline)) {
    await blobs.put(digest, inline);
    return { repaired: true, repositories };
  }
  await markDamaged(context, digest, repositories);
  return { repaired: false, repositories };
}

/** The repositories that use the digest, in order, at most 500. */
export async function repositoriesUsing(
  metadata: Pick<MetadataStore, "page">,
  digest: Digest,
): Promise<readonly RepositoryName[]> {
  const found: RepositoryName[] = [];
  for (let after: string | undefined; found.length < MAX_REPOSITORIES; ) {
    const start = after === undefined ? {} : { after };
    const [entry] = await metadata.page(holdersOf(digest), { limit: 1, namesOnly: true, ...start });
    const name = entry?.name.split("\0")[0];
    if (name === undefined) break;
    found.push(repositoryOfCatalogName(name));
    after = `${name}\0\x7f`; // behind all holders of the repository, whose names are ASCII
  }
  return found;
}

async function markDamaged(
  context: CoreContext,
  digest: Digest,
  repositories: readonly RepositoryName[],
): Promise<void> {
  await transact(context.metadata, async (transaction) => {
    const record = await transaction.get(blobKey(digest));
    if (record === undefined || record.damageTime !== undefined) return;
    transaction.put(blobKey(digest), { ...record, damageTime: context.now() });
    const descriptor = blobDescriptor(digest, record.size);
    const fact = { kind: "blob_damaged", descriptor, repositories } as const;
    context.listener.changed(transaction, NOBODY, undefined, fact);
  });
}

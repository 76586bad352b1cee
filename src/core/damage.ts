// Blobs whose bytes are wrong or gone: marked in the catalogue, so that nobody is told
// they are here and the next push brings them again. Scrubbing finds them, and so does
// whoever opens one that is gone or has another size than its card says.
import { holdersOf } from "../metadata/keeping-keys.ts";
import { blobKey, repositoryOfCatalogName } from "../metadata/keys.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import { transact } from "../metadata/transaction.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { OCTET_STREAM } from "../oci/media-types.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";
import { NOBODY } from "./origin.ts";

/** The most repositories that an event names. */
const MAX_REPOSITORIES = 500;

/** Why a blob that the catalogue has could not be opened: the cause of what the caller is told, and for the log. */
export class BlobUnreadable extends Error {
  override readonly name = "BlobUnreadable";
}

/** Marks the blob. The caller has the digest alone, and has found its bytes wrong or gone. */
export async function markDamaged(
  context: CoreContext,
  digest: Digest,
  repositories: readonly RepositoryName[],
): Promise<void> {
  await transact(context.metadata, async (transaction) => {
    const record = await transaction.get(blobKey(digest));
    if (record === undefined || record.damageTime !== undefined) return;
    transaction.put(blobKey(digest), { ...record, damageTime: context.now() });
    const descriptor = { mediaType: OCTET_STREAM, digest, size: record.size };
    const fact = { kind: "blob_damaged", descriptor, repositories } as const;
    context.listener.changed(transaction, NOBODY, undefined, fact);
  });
}

/**
 * Looks again at a blob that the store could not open, and marks it if its bytes are gone or too few indeed. Resolves
 * to why; undefined when it was removed meanwhile, or somebody places or removes it now.
 */
export async function markLost(
  context: CoreContext,
  { digest, size }: Descriptor,
): Promise<BlobUnreadable | undefined> {
  const { blobs, holds, metadata, options } = context;
  const release = holds.tryAlone(digest);
  if (release === undefined) return undefined;
  try {
    const record = await metadata.get(blobKey(digest));
    if (record === undefined || record.damageTime !== undefined) return undefined;
    const lying = await blobs.inspect(digest);
    if (lying?.size === size) return undefined;
    if (!options.readOnly) {
      const repositories = await repositoriesUsing(metadata, digest);
      // Bytes that are known to be wrong are put out of the way first, as scrubbing does.
      if (lying !== undefined) await blobs.quarantine(digest);
      await markDamaged(context, digest, repositories);
    }
    const found = lying === undefined ? "its bytes are gone" : `it has ${lying.size} bytes of ${size}`;
    return new BlobUnreadable(`blob ${digest} is damaged: ${found}`);
  } finally {
    release();
  }
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

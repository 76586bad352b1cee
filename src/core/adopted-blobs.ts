// Blobs whose bytes came into the cellar by another way than an upload, as in an
// import: they get their cards and a link as if they had been pushed. No quota is in
// their way: what was there is not left behind half.
import { manifestHolderKey } from "../metadata/keeping-keys.ts";
import { blobKey, linkKey, repositoryKey } from "../metadata/keys.ts";
import { transact } from "../metadata/transaction.ts";
import { blobDescriptor } from "./blobs.ts";
import type { CoreContext } from "./context.ts";
import type { Origin } from "./origin.ts";
import { ensureLink, type Place } from "./references.ts";
import { ensureRepository } from "./repositories.ts";
import { ensureBlobCard, withoutQuotas } from "./usage.ts";

/** Links a blob that `place` puts into the cellar, which resolves to its size in bytes. True: the link is new. */
export async function linkAdopted(
  context: CoreContext,
  { repository, digest }: Place,
  place: () => Promise<number>,
  origin: Origin,
): Promise<boolean> {
  // From before the bytes are in the cellar until their card is committed.
  const release = await context.holds.share(digest);
  try {
    const size = await place();
    return await transact(context.metadata, async (transaction) => {
      const keys = [repositoryKey(repository), blobKey(digest), linkKey(repository, digest)];
      await transaction.prefetch([...keys, manifestHolderKey(digest, repository, digest)]);
      await ensureRepository(context, transaction, origin, repository);
      await ensureBlobCard(transaction, digest, { size, createTime: context.now() });
      const isNew = await ensureLink(withoutQuotas(context), transaction, { repository, digest }, size);
      if (isNew) {
        const fact = { kind: "blob_mounted", descriptor: blobDescriptor(digest, size) } as const;
        context.listener.changed(transaction, origin, repository, fact);
      }
      return isNew;
    });
  } finally {
    release();
  }
}

// A blob record that is missing or has the wrong size: the cellar decides what it
// should say.
import { trashKey } from "../../metadata/keeping-keys.ts";
import { blobKey, contentKey, type Key, linkKey, manifestKey } from "../../metadata/keys.ts";
import type { BlobRecord, LinkRecord } from "../../metadata/records.ts";
import { transact } from "../../metadata/transaction.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import { withAlone } from "../damage.ts";
import { isContentOf } from "../stored-manifest.ts";
import type { PhaseRun, Suspicion } from "./findings.ts";

/** What mentions the digest, and the size it gives. */
interface Mention {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly size: number;
  /** The manifest that needs it, where it is no link. */
  readonly manifest?: Digest;
}

/** Something in the repository needs the digest, and there is no record of it. */
export function blobRecordMissing(
  { context }: PhaseRun,
  { repository, digest, size, manifest }: Mention,
): Suspicion {
  const { metadata, blobs } = context;
  const causes: readonly Key<object>[] =
    manifest === undefined
      ? [linkKey(repository, digest)]
      : [manifestKey(repository, manifest), trashKey(repository, manifest)];
  const repair = async () =>
    (await withAlone(context, digest, async () => {
      const inline = await metadata.get(contentKey(digest));
      if (inline !== undefined && isContentOf(digest, inline)) await blobs.put(digest, inline);
      const lying = await blobs.inspect(digest);
      return transact(metadata, async (transaction) => {
        if ((await transaction.get(blobKey(digest))) !== undefined) return true;
        const cards = await Promise.all(causes.map((key) => transaction.get(key)));
        if (cards.every((card) => card === undefined)) return true;
        const createTime = context.now();
        const isWhole = lying?.size === size;
        // Marked as damaged it is pushed again by the next client that needs it.
        transaction.put(blobKey(digest), { size, createTime, ...(!isWhole && { damageTime: createTime }) });
        return true;
      });
    })) ?? false;
  const detail = "it is needed, and the catalogue has no record of its bytes";
  return { what: "blob-record-missing", repository, digest, detail, repair };
}

/** The link and the record do not agree. */
export function blobSizeWrong(
  { context }: PhaseRun,
  { repository, digest }: Omit<Mention, "size">,
  { link, blob }: { readonly link: LinkRecord; readonly blob: BlobRecord },
): Suspicion {
  const { metadata, blobs } = context;
  const repair = async () => {
    const size = (await blobs.inspect(digest))?.size;
    if (size === undefined || (size !== link.size && size !== blob.size)) return false;
    return transact(metadata, async (transaction) => {
      const currentLink = await transaction.get(linkKey(repository, digest));
      const currentBlob = await transaction.get(blobKey(digest));
      if (currentLink !== undefined && currentLink.size !== size)
        transaction.put(linkKey(repository, digest), { ...currentLink, size });
      if (currentBlob !== undefined && currentBlob.size !== size)
        transaction.put(blobKey(digest), { ...currentBlob, size });
      return true;
    });
  };
  const detail = `the repository's link says ${link.size} bytes, the blob's record ${blob.size}`;
  const advice = "push the blob again";
  return { what: "blob-size-wrong", repository, digest, detail, repair, advice };
}

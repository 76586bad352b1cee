// What is done about bytes that are wrong or gone: put right where good ones lie
// beside the manifest's card, else put aside and marked, so that clients push them again.
import type { CoreContext } from "../core/context.ts";
import { markDamaged, repositoriesUsing } from "../core/damage.ts";
import { contentKey } from "../metadata/keys.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/reference.ts";
import { isContentOf } from "./stored-manifest.ts";

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

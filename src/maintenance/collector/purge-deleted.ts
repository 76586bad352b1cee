// Emptying the trash before its time, or a part of it.
import type { Trash, TrashedManifest } from "../../core/trash.ts";
import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/errors.ts";
import type { RepositoryName } from "../../oci/reference.ts";

/** Which manifests of the trash. */
export type PurgeChoice =
  | { readonly kind: "one"; readonly repository: RepositoryName; readonly digest: Digest }
  | {
      readonly kind: "all";
      /** Absent: of all repositories. */
      readonly repository?: RepositoryName;
      /** Only what was deleted at least so long ago, in milliseconds. 0: whatever its age. */
      readonly olderThanMs: number;
    };

export interface PurgeParts {
  readonly trash: Trash;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
}

/** How much of the trash is looked at at once. */
const BATCH = 1000;

/** Removes manifests for good; resolves to how many. Ends early with the signal. Throws MANIFEST_UNKNOWN for one that is not there. */
export async function purgeDeleted(
  { trash, now }: PurgeParts,
  choice: PurgeChoice,
  signal: AbortSignal,
): Promise<number> {
  if (choice.kind === "one") {
    await trash.purge(choice.repository, choice.digest);
    return 1;
  }
  // Also what was deleted by a clock that was ahead.
  const before = choice.olderThanMs === 0 ? Number.POSITIVE_INFINITY : now() - choice.olderThanMs;
  let purged = 0;
  for await (const manifest of trashed(trash, choice.repository)) {
    if (signal.aborted) break;
    if (manifest.record.deleteTime <= before && (await isPurged(trash, manifest))) purged += 1;
  }
  return purged;
}

async function* trashed(
  trash: Trash,
  repository: RepositoryName | undefined,
): AsyncGenerator<TrashedManifest, void, undefined> {
  let after: string | undefined;
  do {
    const start = after === undefined ? {} : { after };
    const { items, more } = await trash.list(repository, { limit: BATCH, ...start });
    yield* items;
    after = more ? items.at(-1)?.name : undefined;
  } while (after !== undefined);
}

/** False: somebody was faster, or brought it back. */
async function isPurged(trash: Trash, { repository, digest }: TrashedManifest): Promise<boolean> {
  try {
    await trash.purge(repository, digest);
    return true;
  } catch (error) {
    if (error instanceof RegistryError && error.code === "MANIFEST_UNKNOWN") return false;
    throw error;
  }
}

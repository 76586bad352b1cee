// What a check says of a blob without good bytes, and what it does about that.
import type { CoreContext } from "../../core/context.ts";
import { repositoriesUsing } from "../../core/damage.ts";
import { heldKey } from "../../metadata/keeping-keys.ts";
import { blobKey, contentKey } from "../../metadata/keys.ts";
import { transact } from "../../metadata/transaction.ts";
import type { Digest } from "../../oci/digest.ts";
import { treatDamaged, withAlone } from "../damage.ts";
import { hashStored } from "../hash-stored.ts";
import { isContentOf } from "../stored-manifest.ts";
import type { PhaseRun, Suspicion } from "./findings.ts";

/** What is done where there are no good bytes. */
const MARKED = "it is marked now: the next client that has it pushes it again, and that heals it";

/** The most repositories that one line names. */
const MAX_NAMES = 10;

/** Its bytes are wrong or gone, and it is not marked. */
export function blobDamaged(context: CoreContext, digest: Digest, detail: string): Suspicion {
  const repair = async () => {
    const treatment = await withAlone(context, digest, async () => {
      const record = await context.metadata.get(blobKey(digest));
      if (record === undefined || record.damageTime !== undefined) return true;
      const lying = await context.blobs.inspect(digest);
      if (lying?.isFile === true && lying.size === record.size) return true;
      return (await treatDamaged(context, digest)).repaired || MARKED;
    });
    return treatment ?? false;
  };
  const what = detail === "its bytes are gone" ? "blob-missing" : "blob-damaged";
  const advice = "a repair marks it, so that the next client that has it pushes it again";
  return { what, digest, detail, repair, advice };
}

/** It was marked before. Undefined: it was healed meanwhile, or nothing holds it, so that it goes by itself. */
export async function blobMarked(run: PhaseRun, digest: Digest): Promise<Suspicion | undefined> {
  const { context } = run;
  const damageTime = (await context.metadata.get(blobKey(digest)))?.damageTime;
  if (damageTime === undefined || ((await context.metadata.get(heldKey(digest))) ?? 0) === 0)
    return undefined;
  const when = new Date(damageTime).toISOString();
  const detail = `its bytes were found to be wrong or gone at ${when}; ${await usersOf(run, digest)}`;
  const repair = async () => (await withAlone(context, digest, () => healMarked(run, digest))) ?? false;
  return { what: "blob-damaged", digest, detail, repair, advice: "push an image that has it again" };
}

/** Its file cannot be opened; it may be good, so it is left as it is. */
export async function blobRefused(run: PhaseRun, digest: Digest, reason: string): Promise<Suspicion> {
  const detail = `${reason}; ${await usersOf(run, digest)}`;
  const advice = "let the registry's user read its file, and check again";
  return { what: "blob-damaged", digest, detail, advice };
}

/** Takes the mark away where good bytes lie again, or lie beside a manifest's card. The caller has the digest alone. */
async function healMarked({ context, signal }: PhaseRun, digest: Digest): Promise<boolean> {
  const { metadata, blobs } = context;
  let stored = await hashStored(blobs, digest, signal === undefined ? {} : { signal });
  const inline = stored.digest === digest ? undefined : await metadata.get(contentKey(digest));
  if (inline !== undefined && stored.refused !== true && isContentOf(digest, inline)) {
    await blobs.quarantine(digest);
    await blobs.put(digest, inline);
    stored = { digest, size: inline.length };
  }
  if (stored.digest !== digest) return false;
  return transact(metadata, async (transaction) => {
    const record = await transaction.get(blobKey(digest));
    if (record?.damageTime === undefined) return true;
    const { damageTime: _, ...sound } = record;
    transaction.put(blobKey(digest), { ...sound, size: stored.size });
    return true;
  });
}

async function usersOf({ context }: PhaseRun, digest: Digest): Promise<string> {
  const repositories = await repositoriesUsing(context.metadata, digest);
  if (repositories.length === 0) return "no repository uses it";
  const more = repositories.length > MAX_NAMES ? " and others" : "";
  return `used by ${repositories.slice(0, MAX_NAMES).join(", ")}${more}`;
}

// Catalogue and cellar side by side: each blob record has its bytes, all bytes have a
// record. The snapshot only raises suspicion: what counts is how it is now, while
// nobody else places or removes bytes of that digest.
import { heldKey } from "../../metadata/keeping-keys.ts";
import { blobKey, blobs, contentKey, contentsOfManifests } from "../../metadata/keys.ts";
import type { BlobRecord } from "../../metadata/records.ts";
import { transact } from "../../metadata/transaction.ts";
import type { Digest } from "../../oci/digest.ts";
import { treatDamaged, withAlone } from "../damage.ts";
import { hashStored } from "../hash-stored.ts";
import { merge } from "../merge.ts";
import { inTurns, isThere, nameEntries, pages } from "../walk.ts";
import type { PhaseRun, Steps, Suspicion } from "./findings.ts";

/** What is done where there are no good bytes. */
const MARKED = "it is marked now: the next client that has it pushes it again, and that heals it";

/** How many files are looked at between two steps. */
const BATCH = 256;

export async function* checkCopies(run: PhaseRun): Steps {
  const { snapshot, signal } = run;
  const copies = merge(
    nameEntries(snapshot, contentsOfManifests, signal),
    nameEntries(snapshot, blobs, signal),
  );
  for await (const { name, left, right } of copies) {
    const digest = name as Digest; // both are named so
    const isUnclaimed =
      left !== undefined && right === undefined && !(await isThere(snapshot, heldKey(digest)));
    if (left !== undefined) yield { done: 1, suspicions: isUnclaimed ? [copyUnclaimed(run, digest)] : [] };
  }
}

export async function* checkCellar(run: PhaseRun): Steps {
  for await (const page of pages(run.snapshot, blobs, run.signal)) {
    const found = await inTurns(page, ({ name, record }) => judgeRecord(run, name as Digest, record));
    yield { done: page.length, suspicions: found.flat() };
  }
  yield* checkFiles(run);
  yield* checkStrays(run);
}

function copyUnclaimed({ context }: PhaseRun, digest: Digest): Suspicion {
  const repair = () =>
    transact(context.metadata, async (transaction) => {
      const causes = await Promise.all(
        [blobKey(digest), heldKey(digest)].map((key) => transaction.get<unknown>(key)),
      );
      if (causes.every((cause) => cause === undefined)) transaction.remove(contentKey(digest));
      return true;
    });
  const detail = "the catalogue keeps the bytes of a manifest that nothing mentions";
  return { what: "manifest-copy-unclaimed", digest, detail, repair };
}

async function judgeRecord(run: PhaseRun, digest: Digest, record: BlobRecord): Promise<readonly Suspicion[]> {
  const { context } = run;
  if (record.damageTime !== undefined) return [];
  if ((await context.blobs.inspect(digest))?.size === record.size) return [];
  const suspicion = await withAlone(context, digest, () => lookAtBytes(run, digest));
  return suspicion === undefined ? [] : [suspicion];
}

/** The caller has the digest alone. Undefined: there is nothing wrong with it. */
async function lookAtBytes({ context, signal }: PhaseRun, digest: Digest): Promise<Suspicion | undefined> {
  const { metadata, blobs: cellar } = context;
  const record = await metadata.get(blobKey(digest));
  if (record === undefined || record.damageTime !== undefined) return undefined;
  const lying = await cellar.inspect(digest);
  if (lying?.size === record.size) return undefined;
  if (lying === undefined) return damaged(context, digest, "its bytes are gone");
  const stored = await hashStored(cellar, digest, signal === undefined ? {} : { signal });
  if (stored.digest !== digest)
    return damaged(context, digest, `it has ${lying.size} bytes, not ${record.size}`);
  const detail = `its record says ${record.size} bytes, and it has ${lying.size}, which are right`;
  const repair = () =>
    transact(metadata, async (transaction) => {
      const current = await transaction.get(blobKey(digest));
      if (current !== undefined) transaction.put(blobKey(digest), { ...current, size: lying.size });
      return true;
    });
  return { what: "blob-size-wrong", digest, detail, repair };
}

function damaged(context: PhaseRun["context"], digest: Digest, detail: string): Suspicion {
  const repair = async () => {
    const treatment = await withAlone(context, digest, async () => {
      const record = await context.metadata.get(blobKey(digest));
      if (record === undefined || record.damageTime !== undefined) return true;
      if ((await context.blobs.inspect(digest))?.size === record.size) return true;
      return (await treatDamaged(context, digest)).repaired || MARKED;
    });
    return treatment ?? false;
  };
  const what = detail === "its bytes are gone" ? "blob-missing" : "blob-damaged";
  const advice = "a repair marks it, so that the next client that has it pushes it again";
  return { what, digest, detail, repair, advice };
}

async function* checkFiles(run: PhaseRun): Steps {
  let batch: Digest[] = [];
  const judge = async (): Promise<readonly Suspicion[]> => {
    const found = await inTurns(batch, (digest) => judgeFile(run, digest));
    batch = [];
    return found.flat();
  };
  for await (const { digest } of run.context.blobs.list()) {
    run.signal?.throwIfAborted();
    batch.push(digest);
    if (batch.length === BATCH) yield { done: BATCH, suspicions: await judge() };
  }
  yield { done: batch.length, suspicions: await judge() };
}

async function judgeFile(run: PhaseRun, digest: Digest): Promise<readonly Suspicion[]> {
  const { context, snapshot } = run;
  if (await isThere(snapshot, blobKey(digest))) return [];
  const size = await withAlone(context, digest, () => sizeIfUnclaimed(run, digest));
  if (size === undefined) return [];
  const repair = async () =>
    (await withAlone(context, digest, async () => {
      if ((await sizeIfUnclaimed(run, digest)) !== undefined) await context.blobs.delete(digest);
      return true;
    })) ?? false;
  const detail = `${size} bytes lie in the cellar, and no blob record mentions them`;
  return [{ what: "blob-unclaimed", digest, detail, repair }];
}

/** The caller has the digest alone. Undefined: the bytes are wanted, gone, or too young to say. */
async function sizeIfUnclaimed({ context, graceMs }: PhaseRun, digest: Digest): Promise<number | undefined> {
  const { metadata, blobs: cellar, now } = context;
  const mentions = await Promise.all(
    [blobKey(digest), heldKey(digest)].map((key) => metadata.get<unknown>(key)),
  );
  if (mentions.some((mention) => mention !== undefined)) return undefined;
  const lying = await cellar.inspect(digest);
  return lying === undefined || lying.changeTime + graceMs > now() ? undefined : lying.size;
}

async function* checkStrays(run: PhaseRun): Steps {
  const { context, graceMs, signal } = run;
  for await (const { path, size, changeTime } of context.blobs.strays()) {
    signal?.throwIfAborted();
    if (changeTime + graceMs > context.now()) continue;
    const repair = () => context.blobs.removeStray(path);
    const detail = `"${path}" is neither blob nor upload; ${size} bytes`;
    const advice = "look at it, and remove it by hand";
    yield { done: 0, suspicions: [{ what: "stray-file", detail, repair, advice }] };
  }
}

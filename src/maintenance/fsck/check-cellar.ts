// Catalogue and cellar side by side: each blob record has its bytes, all bytes have a
// record. The snapshot only raises suspicion: what counts is how it is now, while
// nobody else places or removes bytes of that digest.
import type { StoredBlob } from "../../blobs/blob-inspection.ts";
import { heldKey } from "../../metadata/keeping-keys.ts";
import { blobKey, blobs, contentKey, contentsOfManifests } from "../../metadata/keys.ts";
import type { BlobRecord } from "../../metadata/records.ts";
import { transact } from "../../metadata/transaction.ts";
import type { Digest } from "../../oci/digest.ts";
import { withAlone } from "../damage.ts";
import { hashStored, NO_FILE, refusalOf } from "../hash-stored.ts";
import { merge } from "../merge.ts";
import { inTurns, isThere, nameEntries, pages } from "../walk.ts";
import { blobDamaged, blobMarked, blobRefused } from "./damaged-blob.ts";
import type { PhaseRun, Steps, Suspicion } from "./findings.ts";

/** What can be done about a stray that is not removed. */
const BY_HAND = "look at it, and remove it by hand";

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
  let suspicion: Suspicion | undefined;
  try {
    if (record.damageTime !== undefined) suspicion = await blobMarked(run, digest);
    else if (!isWhole(await context.blobs.inspect(digest), record))
      suspicion = await withAlone(context, digest, () => lookAtBytes(run, digest));
  } catch (error) {
    const reason = refusalOf(error);
    if (reason === undefined) throw error;
    suspicion = await blobRefused(run, digest, reason);
  }
  return suspicion === undefined ? [] : [suspicion];
}

/** The caller has the digest alone. Undefined: there is nothing wrong with it. */
async function lookAtBytes(run: PhaseRun, digest: Digest): Promise<Suspicion | undefined> {
  const { context, signal } = run;
  const { metadata, blobs: cellar } = context;
  const record = await metadata.get(blobKey(digest));
  if (record === undefined || record.damageTime !== undefined) return undefined;
  const lying = await cellar.inspect(digest);
  if (isWhole(lying, record)) return undefined;
  if (lying === undefined) return blobDamaged(context, digest, "its bytes are gone");
  if (!lying.isFile) return blobDamaged(context, digest, NO_FILE);
  const stored = await hashStored(cellar, digest, signal === undefined ? {} : { signal });
  if (stored.refused === true && stored.problem !== undefined)
    return blobRefused(run, digest, stored.problem);
  if (stored.digest !== digest)
    return blobDamaged(context, digest, `it has ${lying.size} bytes, not ${record.size}`);
  const detail = `its record says ${record.size} bytes, and it has ${lying.size}, which are right`;
  const repair = () =>
    transact(metadata, async (transaction) => {
      const current = await transaction.get(blobKey(digest));
      if (current !== undefined) transaction.put(blobKey(digest), { ...current, size: lying.size });
      return true;
    });
  return { what: "blob-size-wrong", digest, detail, repair };
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
  return !lying?.isFile || lying.changeTime + graceMs > now() ? undefined : lying.size;
}

async function* checkStrays(run: PhaseRun): Steps {
  const { context, graceMs, snapshot, signal } = run;
  for await (const { path, size, changeTime, isFile, digest } of context.blobs.strays()) {
    signal?.throwIfAborted();
    const isYoung = changeTime + graceMs > context.now();
    if (isYoung && isFile) continue; // it may be what somebody writes just now
    if (digest !== undefined && (await isThere(snapshot, blobKey(digest)))) continue; // told of with its blob
    const repair = () => context.blobs.removeStray(path).catch(whyNot);
    const detail = `"${path}" is ${isFile ? `neither blob nor upload; ${size} bytes` : "not a file"}`;
    const suspicion = { what: "stray-file", detail, advice: BY_HAND } as const;
    yield { done: 0, suspicions: [isYoung ? suspicion : { ...suspicion, repair }] };
  }
}

/** What cannot be removed is told, and the check goes on. */
function whyNot(error: unknown): string {
  const reason = refusalOf(error);
  if (reason === undefined) throw error;
  return `${reason}; ${BY_HAND}`;
}

/** True where a file lies with as many bytes as it should have. */
function isWhole(lying: StoredBlob | undefined, { size }: BlobRecord): boolean {
  return lying?.isFile === true && lying.size === size;
}

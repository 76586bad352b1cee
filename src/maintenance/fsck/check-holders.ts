// The index of what holds what: no entry without its cause. Where it has as many
// entries as there are causes that have one, that is so, and nothing is looked up.
import { LRUCache } from "lru-cache";
import { holderEntryOf } from "../../metadata/entry-names.ts";
import { holders, manifestHolderKey, trashKey } from "../../metadata/keeping-keys.ts";
import type { TrashRecord } from "../../metadata/keeping-records.ts";
import { linkKey, manifestKey } from "../../metadata/keys.ts";
import type { ManifestRecord } from "../../metadata/records.ts";
import { transact } from "../../metadata/transaction.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import { inspectManifest, namedBy } from "../stored-manifest.ts";
import { inTurns, isThere, namePages } from "../walk.ts";
import type { HolderTally } from "./check-manifests.ts";
import type { PhaseRun, Steps, Suspicion } from "./findings.ts";
import { linkMissing, manifestMissing } from "./lost-cards.ts";

/** How many manifests are remembered while entries are looked up. */
const REMEMBERED = 10_000;

/** What one entry says: that this holds the digest. */
interface Holder {
  readonly name: string;
  readonly digest: Digest;
  readonly repository: RepositoryName;
  /** Absent: the link. */
  readonly manifest?: Digest;
}

interface Kept {
  /** Undefined when nobody can say. */
  readonly digests: ReadonlySet<Digest> | undefined;
  /** True: the manifest has a card. */
  readonly isThere?: true;
}

export async function* checkHolders(run: PhaseRun, tally: HolderTally): Steps {
  let count = 0;
  for await (const page of namePages(run.snapshot, holders, run.signal)) {
    count += page.length;
    yield { done: page.length, suspicions: [] };
  }
  if (count === tally.expected - tally.missing) return;
  const known = new LRUCache<string, Kept>({ max: REMEMBERED });
  for await (const page of namePages(run.snapshot, holders, run.signal)) {
    const found = await inTurns(page.map(holderOf), async (holder) =>
      (await hasCause(run, known, holder)) ? [] : [await judge(run, holder)],
    );
    yield { done: 0, suspicions: found.flat() };
  }
}

function holderOf(name: string): Holder {
  const end = name.indexOf("\0");
  return { name, digest: name.slice(0, end) as Digest, ...holderEntryOf(name.slice(end + 1)) };
}

async function hasCause(run: PhaseRun, known: LRUCache<string, Kept>, holder: Holder): Promise<boolean> {
  const { digest, repository, manifest } = holder;
  if (manifest === undefined) return isThere(run.snapshot, linkKey(repository, digest));
  const name = `${repository}\0${manifest}`;
  let kept = known.get(name);
  if (kept === undefined) {
    kept = await keptBy(run, repository, manifest);
    known.set(name, kept);
  }
  // Of a lost card the entry of the manifest itself tells.
  return kept.digests?.has(digest) ?? (digest !== manifest || kept.isThere === true);
}

async function keptBy(
  { snapshot, context }: PhaseRun,
  repository: RepositoryName,
  manifest: Digest,
): Promise<Kept> {
  const record: ManifestRecord | undefined =
    (await snapshot.get(manifestKey(repository, manifest))) ??
    (await snapshot.get(trashKey(repository, manifest)))?.manifest;
  if (record === undefined) return keptByLost(snapshot, repository, manifest);
  const named = namedBy(await inspectManifest(snapshot, context.blobs, manifest, record.mediaType), record);
  return { digests: named === undefined ? undefined : new Set([manifest, ...named]), isThere: true };
}

/** A manifest that is gone for good holds itself no more. One that still does has lost its card, and keeps all it has. */
async function keptByLost(
  snapshot: PhaseRun["snapshot"],
  repository: RepositoryName,
  manifest: Digest,
): Promise<Kept> {
  const isLost = await isThere(snapshot, manifestHolderKey(manifest, repository, manifest));
  return { digests: isLost ? undefined : new Set() };
}

async function judge(run: PhaseRun, holder: Holder): Promise<Suspicion> {
  const { digest, manifest } = holder;
  if (manifest === digest) return manifestMissing(run, holder);
  const lost = manifest === undefined ? await linkMissing(run, holder) : undefined;
  if (lost === undefined) return holderFalse(run, holder);
  run.memory.unsure.add(digest);
  return lost;
}

/** True for the card of a manifest, live or in the trash, that is served in this form. */
function isSignedForm(card: object | undefined, digest: Digest): boolean {
  const { manifest, signed } = (card ?? {}) as Partial<TrashRecord & ManifestRecord>; // of either key, or of a link
  return (manifest?.signed ?? signed)?.digest === digest;
}

function holderFalse(run: PhaseRun, { name, digest, repository, manifest }: Holder): Suspicion {
  run.memory.unsure.add(digest);
  const repair = () =>
    transact(run.context.metadata, async (transaction) => {
      // What a manifest names never changes, but for its signed form: one that is there now and was not is a new cause.
      const causes =
        manifest === undefined
          ? [linkKey(repository, digest)]
          : [manifestKey(repository, manifest), trashKey(repository, manifest)];
      const before = await Promise.all(causes.map((key) => isThere(run.snapshot, key)));
      const now = await Promise.all(causes.map((key) => transaction.get<object>(key)));
      if (now.some((card) => card !== undefined) && !before.includes(true)) return true;
      if (now.some((card) => isSignedForm(card, digest))) return true;
      const key = { text: holders.text + name };
      if ((await transaction.get(key)) !== undefined) transaction.remove(key);
      return true;
    });
  const holder = manifest === undefined ? "the repository's link" : `manifest ${manifest}`;
  const detail = `the index of holders says that ${holder} needs it, which is not so`;
  return { what: "holder-false", repository, digest, detail, repair };
}

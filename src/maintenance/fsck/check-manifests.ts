// Each manifest, live or in the trash: its bytes, its card, its blob record, its
// entries in the index of what holds what and in the referrers index.
import { NOTHING } from "../../core/references.ts";
import { digestEntryOf } from "../../metadata/entry-names.ts";
import { contentsKey, manifestHolderKey, trash, trashKey } from "../../metadata/keeping-keys.ts";
import { blobKey, contentKey, manifestKey, manifests, referrerKey } from "../../metadata/keys.ts";
import type { ManifestRecord, ReferrerRecord } from "../../metadata/records.ts";
import { transact } from "../../metadata/transaction.ts";
import type { Digest } from "../../oci/digest.ts";
import type { ParsedManifest } from "../../oci/manifest.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import { describedManifest } from "../described.ts";
import { inspectManifest, namedBy, type StoredManifest } from "../stored-manifest.ts";
import { inTurns, isThere, pages } from "../walk.ts";
import { blobRecordMissing } from "./blob-record.ts";
import type { PhaseRun, Steps, Suspicion } from "./findings.ts";
import { sameRecord } from "./same-record.ts";

/** How many entries the index of holders must have, and how many it lacks. */
export interface HolderTally {
  expected: number;
  missing: number;
}

/** A manifest of a repository. */
interface Card {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly record: ManifestRecord;
  readonly isLive: boolean;
}

const PUSH_AGAIN = "push it again, or delete it";

export async function* checkManifests(run: PhaseRun, tally: HolderTally): Steps {
  const { snapshot, signal } = run;
  for await (const page of pages(snapshot, manifests, signal)) {
    const cards = page.map(({ name, record }) => ({ ...digestEntryOf(name), record, isLive: true }));
    const found = await inTurns(cards, (card) => checkCard(run, tally, card));
    yield { done: page.length, suspicions: found.flat() };
  }
  for await (const page of pages(snapshot, trash, signal)) {
    const found = await inTurns(page, async ({ name, record: { manifest: record } }) => {
      const card = { ...digestEntryOf(name), record, isLive: false };
      if (await isThere(snapshot, manifestKey(card.repository, card.digest)))
        return [manifestTwice(run, card)];
      return checkCard(run, tally, card);
    });
    yield { done: page.length, suspicions: found.flat() };
  }
}

async function checkCard(run: PhaseRun, tally: HolderTally, card: Card): Promise<readonly Suspicion[]> {
  const { snapshot, context } = run;
  const { repository, digest, record } = card;
  const stored = await inspectManifest(snapshot, context.blobs, digest, record.mediaType);
  const named = namedBy(stored, record);
  const kept = new Set([digest, ...(named ?? [])]);
  tally.expected += kept.size;
  const missing = await missingHolders(run, card, kept);
  tally.missing += missing.length;
  const blob = await snapshot.get(blobKey(digest));
  if (named === undefined) run.memory.unreadable.add(repository);
  return [
    ...(await judgeBytes(run, card, stored)),
    ...missing,
    ...(blob === undefined ? [blobRecordMissing(run, { ...card, size: record.size, manifest: digest })] : []),
    ...(await judgeSigned(run, card)),
    ...(stored.parsed === undefined ? [] : await judgeContent(run, card, stored.parsed, stored)),
  ];
}

/** The form in which a signed manifest is served has a record of its own. */
async function judgeSigned(
  run: PhaseRun,
  { repository, digest: manifest, record: { signed } }: Card,
): Promise<readonly Suspicion[]> {
  if (signed === undefined || (await isThere(run.snapshot, blobKey(signed.digest)))) return [];
  return [blobRecordMissing(run, { repository, ...signed, manifest })];
}

async function missingHolders(
  run: PhaseRun,
  { repository, digest, record: { signed } }: Card,
  kept: ReadonlySet<Digest>,
): Promise<readonly Suspicion[]> {
  const { metadata } = run.context;
  const missing: Suspicion[] = [];
  for (const other of kept) {
    const key = manifestHolderKey(other, repository, digest);
    if (await isThere(run.snapshot, key)) continue;
    run.memory.unsure.add(other);
    missing.push({
      what: "holder-missing",
      repository,
      digest: other,
      detail: `manifest ${digest} needs it, and the index of holders does not say so`,
      repair: () =>
        transact(metadata, async (transaction) => {
          const card =
            (await transaction.get(manifestKey(repository, digest))) ??
            (await transaction.get(trashKey(repository, digest)))?.manifest;
          if (card === undefined || (await transaction.get(key)) !== undefined) return true;
          // Of all it names only its signed form can become another.
          if (other !== signed?.digest || other === card.signed?.digest) transaction.put(key, NOTHING);
          return true;
        }),
    });
  }
  return missing;
}

async function judgeBytes(
  { context }: PhaseRun,
  { repository, digest, record }: Card,
  stored: StoredManifest,
): Promise<readonly Suspicion[]> {
  const { metadata, blobs } = context;
  const { content, inline, problem } = stored;
  if (inline === "wrong" && content !== undefined) {
    const detail = "the copy beside its card has other bytes than the digest says";
    const repair = () =>
      transact(metadata, async (transaction) => {
        // The copy itself cannot be read: what is wrong there is as if it were not there.
        const isHere = (await transaction.get(blobKey(digest))) !== undefined;
        if (isHere) transaction.put(contentKey(digest), content);
        return isHere;
      });
    return [{ what: "manifest-copy-wrong", repository, digest, detail, repair }];
  }
  if (problem === undefined) return [];
  // It may have been purged, or pushed again, since the snapshot was taken.
  const now = await inspectManifest(metadata, blobs, digest, record.mediaType);
  const card =
    (await metadata.get(manifestKey(repository, digest))) ??
    (await metadata.get(trashKey(repository, digest)));
  if (card === undefined || now.problem === undefined) return [];
  return [{ what: "manifest-unreadable", repository, digest, detail: now.problem, advice: PUSH_AGAIN }];
}

async function judgeContent(
  run: PhaseRun,
  card: Card,
  parsed: ParsedManifest,
  stored: StoredManifest,
): Promise<readonly Suspicion[]> {
  const found = await judgeCard(run, card, parsed, stored);
  return card.isLive ? [...found, ...(await judgeReferrer(run, card, parsed))] : found;
}

async function judgeCard(
  { snapshot, context, cellar }: PhaseRun,
  { repository, digest, record }: Card,
  { subject, artifactType }: ParsedManifest,
  stored: StoredManifest,
): Promise<readonly Suspicion[]> {
  const sources = { reader: snapshot, blobs: context.blobs, readsConfigs: cellar };
  const described = await describedManifest(sources, repository, record, stored);
  const { contentSize, platforms } = described;
  const corrected = ({
    subject: _subject,
    artifactType: _type,
    contentSize: _contentSize,
    platforms: _platforms,
    ...rest
  }: ManifestRecord): ManifestRecord => ({
    ...rest,
    size: stored.content?.length ?? rest.size,
    ...(subject !== undefined && { subject }),
    ...(artifactType !== undefined && { artifactType }),
    ...(contentSize !== undefined && { contentSize }),
    ...(platforms !== undefined && { platforms }),
  });
  if (sameRecord(corrected(record), record)) return [];
  const detail = "its card does not say what the manifest says";
  const repair = () =>
    transact(context.metadata, async (transaction) => {
      const key = manifestKey(repository, digest);
      const live = await transaction.get(key);
      if (live !== undefined) transaction.put(key, corrected(live));
      const trashed = await transaction.get(trashKey(repository, digest));
      if (trashed !== undefined)
        transaction.put(trashKey(repository, digest), { ...trashed, manifest: corrected(trashed.manifest) });
      return true;
    });
  return [{ what: "manifest-card-wrong", repository, digest, detail, repair }];
}

async function judgeReferrer(
  { snapshot, context }: PhaseRun,
  { repository, digest, record }: Card,
  { subject, artifactType, annotations }: ParsedManifest,
): Promise<readonly Suspicion[]> {
  if (subject === undefined) return [];
  const truth: ReferrerRecord = {
    mediaType: record.mediaType,
    size: record.size,
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations !== undefined && { annotations }),
  };
  const key = referrerKey(repository, subject, digest);
  const stored = await snapshot.get(key);
  if (stored !== undefined && sameRecord(stored, truth)) return [];
  const repair = () =>
    transact(context.metadata, async (transaction) => {
      if ((await transaction.get(manifestKey(repository, digest))) !== undefined) transaction.put(key, truth);
      return true;
    });
  const [what, detail] =
    stored === undefined
      ? (["referrer-missing", `its subject ${subject} does not list it`] as const)
      : (["referrer-wrong", `its subject ${subject} lists it with another description`] as const);
  return [{ what, repository, digest, detail, repair }];
}

function manifestTwice({ context }: PhaseRun, { repository, digest }: Card): Suspicion {
  const repair = () =>
    transact(context.metadata, async (transaction) => {
      const live = await transaction.get(manifestKey(repository, digest));
      const trashed = await transaction.get(trashKey(repository, digest));
      if (live === undefined || trashed === undefined) return true;
      transaction.remove(trashKey(repository, digest));
      // It counted twice where the counter is right; where it is not, that is found next.
      if ((await transaction.get(contentsKey(repository))) !== undefined)
        transaction.add(contentsKey(repository), -1);
      return true;
    });
  const detail = "it is live and in the trash at once";
  return { what: "manifest-twice", repository, digest, detail, repair };
}

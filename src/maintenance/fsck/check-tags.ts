// Tags, the index of a manifest's tags both ways, and what is remembered of manifests.
import { isDeepStrictEqual } from "node:util";
import { NOTHING } from "../../core/references.ts";
import { digestEntryOf, tagEntryOf } from "../../metadata/entry-names.ts";
import { allPulls, allUntagged, pullsKey, trashKey, untaggedKey } from "../../metadata/keeping-keys.ts";
import {
  allManifestTags,
  allReferrers,
  allTags,
  type Key,
  manifestKey,
  manifestTagKey,
  type Prefix,
  referrerKey,
  tagKey,
} from "../../metadata/keys.ts";
import type { ManifestRecord, TagRecord } from "../../metadata/records.ts";
import { transact } from "../../metadata/transaction.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName, Tag } from "../../oci/reference.ts";
import { describedTag, isWellDescribed } from "../described.ts";
import { inTurns, isThere, namePages, pages } from "../walk.ts";
import type { PhaseRun, Steps, Suspicion } from "./findings.ts";
import { tagMissing } from "./lost-cards.ts";

interface NamedTag {
  readonly repository: RepositoryName;
  readonly tag: Tag;
}

export async function* checkTags(run: PhaseRun): Steps {
  for await (const page of pages(run.snapshot, allTags, run.signal)) {
    const found = await inTurns(page, ({ name, record }) => judgeTag(run, tagEntryOf(name), record));
    yield { done: page.length, suspicions: found.flat() };
  }
  yield* checkNames(run, allManifestTags, judgeTagEntry);
  yield* checkNames(run, allReferrers, judgeReferrerEntry);
  yield* checkNames(run, allUntagged, (name) => judgeMark(run, name, untaggedKey, "when it lost a tag"));
  yield* checkNames(run, allPulls, (name) => judgeMark(run, name, pullsKey, "its pulls"));
}

async function* checkNames(
  run: PhaseRun,
  prefix: Prefix<unknown>,
  judge: (name: string, run: PhaseRun) => Promise<readonly Suspicion[]>,
): Steps {
  for await (const page of namePages(run.snapshot, prefix, run.signal)) {
    const found = await inTurns(page, (name) => judge(name, run));
    yield { done: page.length, suspicions: found.flat() };
  }
}

async function judgeTag(run: PhaseRun, name: NamedTag, record: TagRecord): Promise<readonly Suspicion[]> {
  const { snapshot, context } = run;
  const { repository, tag } = name;
  const { digest } = record;
  const manifest = await snapshot.get(manifestKey(repository, digest));
  if (manifest === undefined) return [tagDangling(run, name, record)];
  const found: Suspicion[] = [];
  if (!(await fits(run, repository, record, manifest))) found.push(tagWrong(run, name, digest));
  const key = manifestTagKey(repository, digest, tag);
  if (!(await isThere(snapshot, key)))
    found.push({
      what: "tag-entry-missing",
      repository,
      digest,
      tag,
      detail: "the manifest's list of tags lacks it",
      repair: () =>
        transact(context.metadata, async (transaction) => {
          const current = await transaction.get(tagKey(repository, tag));
          if (current?.digest === digest) transaction.put(key, NOTHING);
          return true;
        }),
    });
  return found;
}

function tagDangling({ context }: PhaseRun, { repository, tag }: NamedTag, { digest }: TagRecord): Suspicion {
  const repair = () =>
    transact(context.metadata, async (transaction) => {
      const current = await transaction.get(tagKey(repository, tag));
      if (current?.digest !== digest) return true;
      if ((await transaction.get(manifestKey(repository, digest))) !== undefined) return true;
      // Whoever restores it points the tag to it again; to lose its name for that would be worse than leaving it.
      if ((await transaction.get(trashKey(repository, digest))) !== undefined) return false;
      transaction.remove(tagKey(repository, tag));
      transaction.remove(manifestTagKey(repository, digest, tag));
      return true;
    });
  const detail = `it points to manifest ${digest}, which is not in the repository`;
  const advice = "push the manifest again, restore it from the trash, or delete the tag";
  return { what: "tag-dangling", repository, digest, tag, detail, repair, advice };
}

async function fits(
  { snapshot, context }: PhaseRun,
  repository: RepositoryName,
  tag: TagRecord,
  manifest: ManifestRecord,
): Promise<boolean> {
  if (manifest.mediaType !== tag.mediaType || manifest.size !== tag.size) return false;
  if (manifest.artifactType !== tag.artifactType) return false;
  if (!isDeepStrictEqual(manifest.platforms, tag.platforms)) return false;
  return isWellDescribed({ reader: snapshot, blobs: context.blobs }, repository, tag, manifest);
}

function tagWrong({ context }: PhaseRun, { repository, tag }: NamedTag, digest: Digest): Suspicion {
  const repair = () =>
    transact(context.metadata, async (transaction) => {
      const current = await transaction.get(tagKey(repository, tag));
      const manifest = await transaction.get(manifestKey(repository, digest));
      if (current?.digest !== digest || manifest === undefined) return true;
      const sources = { reader: context.metadata, blobs: context.blobs };
      transaction.put(tagKey(repository, tag), await describedTag(sources, repository, current, manifest));
      return true;
    });
  const detail = "it does not say what its manifest is";
  return { what: "tag-wrong", repository, digest, tag, detail, repair };
}

async function judgeTagEntry(name: string, run: PhaseRun): Promise<readonly Suspicion[]> {
  const [, digest, tag] = name.split("\0") as [string, Digest, Tag]; // as keys.ts draws it
  const { repository } = digestEntryOf(name);
  const record = await run.snapshot.get(tagKey(repository, tag));
  if (record?.digest === digest) return [];
  const lost = record === undefined ? await tagMissing(run, { repository, tag, digest }) : undefined;
  if (lost !== undefined) return [lost];
  const repair = () =>
    transact(run.context.metadata, async (transaction) => {
      const current = await transaction.get(tagKey(repository, tag));
      if (current?.digest !== digest) transaction.remove(manifestTagKey(repository, digest, tag));
      return true;
    });
  const detail = "the manifest's list of tags has it, and the tag does not point there";
  return [{ what: "tag-entry-false", repository, digest, tag, detail, repair }];
}

async function judgeReferrerEntry(name: string, run: PhaseRun): Promise<readonly Suspicion[]> {
  const [, subject, digest] = name.split("\0") as [string, Digest, Digest]; // as keys.ts draws it
  const { repository } = digestEntryOf(name);
  const card = await run.snapshot.get(manifestKey(repository, digest));
  if (card?.subject === subject) return [];
  const repair = () =>
    transact(run.context.metadata, async (transaction) => {
      const current = await transaction.get(manifestKey(repository, digest));
      if (current?.subject !== subject) transaction.remove(referrerKey(repository, subject, digest));
      return true;
    });
  const detail = `${subject} lists it as a referrer, which it is not`;
  return [{ what: "referrer-false", repository, digest, detail, repair }];
}

async function judgeMark(
  { snapshot, context }: PhaseRun,
  name: string,
  keyOf: (repository: RepositoryName, digest: Digest) => Key<unknown>,
  what: string,
): Promise<readonly Suspicion[]> {
  const { repository, digest } = digestEntryOf(name);
  const causes = [manifestKey(repository, digest), trashKey(repository, digest)];
  const cards = await Promise.all(causes.map((key) => isThere(snapshot, key)));
  if (cards.includes(true)) return [];
  const repair = () =>
    transact(context.metadata, async (transaction) => {
      const current = await Promise.all(causes.map((key) => transaction.get<object>(key)));
      if (current.every((card) => card === undefined)) transaction.remove(keyOf(repository, digest));
      return true;
    });
  const detail = `${what} is remembered of a manifest that is not there`;
  return [{ what: "mark-false", repository, digest, detail, repair }];
}

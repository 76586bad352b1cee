// All that the journal has to know, from the catalogue as it is at one moment.
import type { JournalFolder } from "../../blobs/journal-folder.ts";
import {
  digestEntryOf,
  repositoryEntryOf,
  tagChangeEntryOf,
  tagEntryOf,
} from "../../metadata/entry-names.ts";
import { allTagChanges, allUntagged, trash } from "../../metadata/keeping-keys.ts";
import { allTags, links, manifests, type Prefix, repositories } from "../../metadata/keys.ts";
import type { MetadataSnapshot } from "../../metadata/metadata-store.ts";
import { pages } from "../walk.ts";
import { manifestTimes } from "./journal-events.ts";
import { encodeFact, type JournalFact } from "./journal-facts.ts";

/** How writing goes on beside others. */
interface Manners {
  readonly signal: AbortSignal;
  /** Called every so many milliseconds. */
  readonly meanwhile: () => Promise<void>;
  readonly intervalMs: number;
}

/** Makes a checkpoint of the snapshot: all of it, or none when this throws. Resolves to its size in bytes. */
export async function writeCheckpoint(
  folder: JournalFolder,
  snapshot: MetadataSnapshot,
  { signal, meanwhile, intervalMs }: Manners,
): Promise<number> {
  const file = await folder.createCheckpoint();
  let since = performance.now();
  try {
    for await (const page of checkpointPages(snapshot)) {
      signal.throwIfAborted();
      await file.append(Buffer.from(page));
      if (performance.now() - since < intervalMs) continue;
      await meanwhile();
      since = performance.now();
    }
    await file.complete(snapshot.lastSequence);
    return file.size;
  } catch (error) {
    await file.abandon().catch(() => undefined); // the next start removes it otherwise
    throw error;
  }
}

/** The lines of a checkpoint, page by page. */
async function* checkpointPages(snapshot: MetadataSnapshot): AsyncGenerator<string, void, undefined> {
  let lines = 0;
  for await (const facts of factPages(snapshot)) {
    lines += facts.length;
    yield facts.map(encodeFact).join("");
  }
  yield encodeFact({ s: snapshot.lastSequence, kind: "end", lines });
}

type Facts = AsyncGenerator<readonly JournalFact[], void, undefined>;

async function* factPages(snapshot: MetadataSnapshot): Facts {
  const s = snapshot.lastSequence;
  yield* factsOf(snapshot, repositories, (name, { createTime: time }) => ({
    s,
    kind: "repository",
    ...repositoryEntryOf(name),
    time,
  }));
  yield* factsOf(snapshot, links, (name, { size, createTime: time }) => ({
    s,
    kind: "link",
    ...digestEntryOf(name),
    size,
    time,
  }));
  yield* factsOf(snapshot, manifests, (name, card) => ({
    s,
    kind: "manifest",
    ...digestEntryOf(name),
    mediaType: card.mediaType,
    size: card.size,
    ...manifestTimes(card),
  }));
  yield* factsOf(snapshot, trash, (name, card) => ({ s, kind: "trash", ...digestEntryOf(name), card }));
  yield* factsOf(snapshot, allTags, (name, { digest, updateTime: time, actor }) => ({
    s,
    kind: "tag",
    ...tagEntryOf(name),
    digest,
    time,
    ...(actor !== undefined && { actor }),
  }));
  yield* factsOf(snapshot, allTagChanges, (name, card) => ({
    s,
    kind: "tag-change",
    ...changeIn(name),
    card,
  }));
  yield* factsOf(snapshot, allUntagged, (name, { time }) => ({
    s,
    kind: "untagged",
    ...digestEntryOf(name),
    time,
  }));
}

async function* factsOf<R>(
  snapshot: MetadataSnapshot,
  prefix: Prefix<R>,
  factOf: (name: string, record: R) => JournalFact,
): Facts {
  for await (const page of pages(snapshot, prefix))
    yield page.map(({ name, record }) => factOf(name, record));
}

function changeIn(name: string) {
  const end = name.indexOf("\0");
  const { repository } = repositoryEntryOf(name.slice(0, end));
  const { tag, change } = tagChangeEntryOf(name.slice(end + 1));
  return { repository, tag, name: change };
}

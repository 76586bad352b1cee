// Rebuilding tags and their history.
import { NOTHING } from "../../core/references.ts";
import { dueKey } from "../../metadata/due.ts";
import { tagChangeKey, untaggedKey } from "../../metadata/keeping-keys.ts";
import { manifestKey, manifestTagKey, tagKey, tagsOfManifest } from "../../metadata/keys.ts";
import type { TagRecord } from "../../metadata/records.ts";
import type { Transaction } from "../../metadata/transaction.ts";
import { describedTag } from "../described.ts";
import type { TagChangeFact, TagFact, UntaggedFact } from "../journal/journal-facts.ts";
import type { JournalRow } from "../journal/journal-overlay.ts";
import type { RebuildItem } from "./rebuild-items.ts";
import type { RebuildStep, Workshop } from "./rebuild-workshop.ts";

type Row = TagFact | TagChangeFact;

/** After the manifests. */
export function tagStep(workshop: Workshop): RebuildStep<Row, TagRecord | undefined> {
  return {
    phase: "tags",
    accepts: (row: JournalRow): row is Row => row.kind === "tag" || row.kind === "tag-change",
    look: async (row) => (row.kind === "tag" ? tagOf(workshop, row) : undefined),
    put: (transaction, row, record) =>
      row.kind === "tag" ? putTag(workshop, transaction, row, record) : putChange(workshop, transaction, row),
  };
}

/** Undefined: its manifest is not there. */
async function tagOf(
  { metadata, blobs }: Workshop,
  { repository, digest, time, updateTime, actor }: TagFact,
): Promise<TagRecord | undefined> {
  const manifest = await metadata.get(manifestKey(repository, digest));
  if (manifest === undefined) return undefined;
  const { mediaType, size } = manifest;
  const by = actor === undefined ? {} : { actor };
  const tag = { mediaType, digest, size, updateTime: updateTime ?? time, ...by };
  return describedTag({ reader: metadata, blobs }, repository, tag, manifest);
}

function putTag(
  { totals }: Workshop,
  transaction: Transaction,
  { repository, tag, digest }: TagFact,
  record: TagRecord | undefined,
): RebuildItem | undefined {
  if (record === undefined) {
    totals.lostTags += 1;
    return { kind: "tag-lost", repository, tag, digest };
  }
  transaction.put(tagKey(repository, tag), record);
  transaction.put(manifestTagKey(repository, digest, tag), NOTHING);
  totals.tags += 1;
  return undefined;
}

function putChange(
  { totals, options }: Workshop,
  transaction: Transaction,
  { repository, tag, name, card }: TagChangeFact,
): undefined {
  const { time } = card;
  const id = name.slice(name.indexOf("-") + 1);
  transaction.put(tagChangeKey(repository, tag, { time, id }), card);
  const what = { kind: "tag-change", repository, tag, change: name } as const;
  transaction.put(dueKey({ time: time + options.tagHistoryMs, what }), NOTHING);
  totals.tagChanges += 1;
}

/** After the tags: marks manifests that lost their last one. */
export function untaggedStep({ metadata }: Workshop): RebuildStep<UntaggedFact, boolean> {
  return {
    phase: "tags",
    accepts: (row: JournalRow): row is UntaggedFact => row.kind === "untagged",
    look: async ({ repository, digest }) => {
      if ((await metadata.get(manifestKey(repository, digest))) === undefined) return false;
      const tags = await metadata.page(tagsOfManifest(repository, digest), { limit: 1, namesOnly: true });
      return tags.length === 0;
    },
    put: (transaction, { repository, digest, time }, isUntagged) => {
      if (isUntagged) transaction.put(untaggedKey(repository, digest), { time });
      return undefined;
    },
  };
}

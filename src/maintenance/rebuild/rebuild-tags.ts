// Rebuilding tags and their history.
import { NOTHING } from "../../core/references.ts";
import { dueKey } from "../../metadata/due.ts";
import { tagChangeKey, untaggedKey } from "../../metadata/keeping-keys.ts";
import { manifestKey, manifestTagKey, tagKey, tagsOfManifest } from "../../metadata/keys.ts";
import type { ManifestRecord } from "../../metadata/records.ts";
import type { Transaction } from "../../metadata/transaction.ts";
import type { TagChangeFact, TagFact, UntaggedFact } from "../journal/journal-facts.ts";
import type { JournalRow } from "../journal/journal-overlay.ts";
import type { RebuildItem } from "./rebuild-items.ts";
import type { RebuildStep, Workshop } from "./rebuild-workshop.ts";

type Row = TagFact | TagChangeFact;

/** After the manifests. */
export function tagStep(workshop: Workshop): RebuildStep<Row, ManifestRecord | undefined> {
  const { metadata } = workshop;
  return {
    phase: "tags",
    accepts: (row: JournalRow): row is Row => row.kind === "tag" || row.kind === "tag-change",
    look: async (row) =>
      row.kind === "tag" ? metadata.get(manifestKey(row.repository, row.digest)) : undefined,
    put: (transaction, row, manifest) =>
      row.kind === "tag"
        ? putTag(workshop, transaction, row, manifest)
        : putChange(workshop, transaction, row),
  };
}

function putTag(
  { totals }: Workshop,
  transaction: Transaction,
  { repository, tag, digest, time, updateTime }: TagFact,
  manifest: ManifestRecord | undefined,
): RebuildItem | undefined {
  if (manifest === undefined) {
    totals.lostTags += 1;
    return { kind: "tag-lost", repository, tag, digest };
  }
  const { mediaType, size } = manifest;
  transaction.put(tagKey(repository, tag), { mediaType, digest, size, updateTime: updateTime ?? time });
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

// Reads manifests and configs again as plain JSON, and compares what cards say of their content.
import assert from "node:assert/strict";
import type { TrashRecord } from "../../src/metadata/keeping-records.ts";
import type { ManifestRecord, TagRecord } from "../../src/metadata/records.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { rowsBelow, type Subject } from "./observe.ts";

interface Described {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: Platform;
}

interface Platform {
  readonly os?: string;
  readonly architecture?: string;
  readonly variant?: string;
}

interface Written {
  readonly config?: Described;
  readonly layers?: readonly Described[];
  readonly manifests?: readonly Described[];
}

/** Throws what a card says wrongly. */
export async function recountCards(subject: Subject): Promise<void> {
  const live = await rowsBelow<ManifestRecord>(subject, "m/");
  const trash = await rowsBelow<TrashRecord>(subject, "M/");
  const cards = [...live, ...trash.map(({ parts, record }) => ({ parts, record: record.manifest }))];
  for (const { parts, record } of cards) await compareCard(subject, parts[1], record);
  const byPlace = new Map(live.map(({ parts, record }) => [`${parts[0]} ${parts[1]}`, record]));
  for (const { parts, record } of await rowsBelow<TagRecord>(subject, "t/"))
    compareTag(parts.join(" "), record, byPlace.get(`${parts[0]} ${record.digest}`));
}

async function compareCard(subject: Subject, digest: string, card: ManifestRecord): Promise<void> {
  const { text, document } = await read(subject, digest);
  const { config, layers = [], manifests } = document as Written;
  const blobs = [...(config === undefined ? [] : [config]), ...layers.filter(isDistributed)];
  const sizes = new Map(blobs.map((blob) => [blob.digest, blob.size]));
  const contentSize = [...sizes.values()].reduce((sum, size) => sum + size, text.length);
  assert.equal(card.contentSize, contentSize, `content size of ${digest}`);
  const own = config === undefined ? [] : [(await read(subject, config.digest)).document as Platform];
  const found = manifests === undefined ? own : manifests.map(({ platform = {} }) => platform);
  const platforms = [...new Set(found.flatMap(platformText))];
  assert.deepEqual(card.platforms ?? [], platforms, `platforms of ${digest}`);
}

/** Members of an index may have come and gone since the tag was set. */
function compareTag(name: string, tag: TagRecord, card: ManifestRecord | undefined): void {
  const { platforms, artifactType, contentSize = 0, mediaType } = card ?? assert.fail(`tag ${name} dangles`);
  assert.deepEqual([tag.platforms, tag.artifactType], [platforms, artifactType], `tag ${name}`);
  if (mediaType.includes("index")) assert.ok((tag.totalSize ?? contentSize) >= contentSize, `tag ${name}`);
  else assert.equal(tag.totalSize, contentSize, `size of tag ${name}`);
}

async function read({ context }: Subject, digest: string) {
  const bytes = await context.blobs.get(digest as Digest);
  const text = Buffer.from(bytes ?? assert.fail(`the bytes of ${digest} are gone`)).toString();
  return { text, document: JSON.parse(text) as unknown };
}

function isDistributed({ mediaType }: Described): boolean {
  return !mediaType.includes("foreign");
}

function platformText({ os, architecture, variant }: Platform): readonly string[] {
  if (os === undefined || architecture === undefined) return [];
  return [[os, architecture, ...(variant === undefined ? [] : [variant])].join("/")];
}

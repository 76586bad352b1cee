// Catalogues of older formats: folders that the last versions of those formats left, and
// what a catalogue of now would be in them.
//
// fixtures/format-<n>.json.gz hold the files of a folder, by path, that the rules of that version filled. 1: images of which
// some lost their tag, an index, a referrer, mounts, a deleted manifest, a deleted link, an open upload session, a consumer.
// 2: images with platforms, in a repository five paths deep too, an index of them, a referrer, a moved tag, a deleted manifest,
// a foreign layer, a manifest of schema 1, a mount, a blob that nothing names, pulls, an open upload session.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { CoreContext } from "../../src/core/context.ts";
import type { Core } from "../../src/core/core.ts";
import { upgradeCatalogue } from "../../src/maintenance/upgrade.ts";
import { due, formatKey } from "../../src/metadata/keeping-keys.ts";
import { tagsOf } from "../../src/metadata/keys.ts";
import { type MetadataStore, put, remove } from "../../src/metadata/metadata-store.ts";
import { type Digest, digestOf } from "../../src/oci/digest.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import { SCHEMA_1_SIGNED } from "../../src/oci/media-types.ts";
import type { RepositoryName } from "../../src/oci/reference.ts";
import { pullBlob } from "../core/study.ts";
import { makeTemporaryDirectory } from "../support/temporary-directory.ts";
import { rows } from "./checking.ts";
import { repositoryName } from "./pushing.ts";

/** The repositories of the folders. */
export const APP = repositoryName("team/app");
export const OTHER = repositoryName("other");
export const DEEP = repositoryName("team/a/b/c/d");

/** What each format did not have. */
export const NEW_ROWS = {
  "1": /^([HUTMRA])\/|^n\/(held|named|contents|uploads)\/|^n\/stored$/,
  "2": /^[RA]\/|^n\/stored$/,
};

export type OldFormat = keyof typeof NEW_ROWS;

export const FORMATS = ["1", "2"] as const;

export function upgrade(
  { metadata, blobs, now, options }: CoreContext,
  told: string[] = [],
): Promise<boolean> {
  const tell = (_facts: object, message: string) => void told.push(message);
  return upgradeCatalogue({ metadata, blobs, now, graceMs: options.graceMs, tell, warn: tell });
}

/** Makes the catalogue one of the format: takes away what that did not have. */
export async function downgrade(metadata: MetadataStore, format: OldFormat = "1"): Promise<void> {
  const all = await rows(metadata);
  const gone = Object.keys(all).filter((key) => NEW_ROWS[format].test(key));
  const list = format === "1" ? await metadata.page(due, { limit: 100_000 }) : [];
  const keys = [...gone, ...list.map(({ name }) => due.text + name)];
  const cards = Object.entries(all).filter(([key]) => /^[mMt]\//.test(key) && !gone.includes(key));
  await metadata.commit({
    changes: [
      ...keys.map((text) => remove({ text })),
      ...cards.map(([text, record]) => put({ text }, undescribed(text, record))),
      put(formatKey, Buffer.from(format)),
    ],
  });
}

/** The card as formats before 3 had it. */
function undescribed(key: string, record: unknown): unknown {
  if (typeof record !== "object" || record === null || !/^[mMt]\//.test(key)) return record;
  const { contentSize: _, platforms: __, totalSize: ___, actor, ...rest } = record as Record<string, unknown>;
  if (key.startsWith("m/")) return rest;
  if (key.startsWith("M/"))
    return { ...rest, ...(actor !== undefined && { actor }), manifest: undescribed("m/", rest.manifest) };
  const { artifactType: ____, ...tag } = rest;
  return tag;
}

/** The rows as formats before 3 had them, but for those of which they had none. */
export function undescribedRows(all: Readonly<Record<string, unknown>>, format: OldFormat) {
  const old = Object.entries(all).filter(([key]) => !NEW_ROWS[format].test(key));
  return Object.fromEntries(old.map(([key, record]) => [key, undescribed(key, record)]));
}

export async function unpackFixture(format: OldFormat): Promise<string> {
  const packed = await readFile(join(import.meta.dirname, "fixtures", `format-${format}.json.gz`));
  const files: Record<string, string> = JSON.parse(gunzipSync(packed).toString());
  const root = await makeTemporaryDirectory();
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), Buffer.from(content, "base64"));
  }
  return root;
}

/** Pulls a manifest with all it names; the number of blobs and manifests. */
export async function pull(core: Core, repository: RepositoryName, digest: Digest): Promise<number> {
  const { content, descriptor } = await core.manifests.get(repository, { kind: "digest", digest }, {});
  if (descriptor.mediaType === SCHEMA_1_SIGNED) return 1; // its layers are in what is signed
  const { blobs, manifests } = parseManifest(content, descriptor.mediaType);
  let count = 1;
  for (const { digest: blob } of blobs) {
    assert.equal(digestOf(await pullBlob(core, repository, blob)), blob);
    count += 1;
  }
  for (const member of manifests) count += await pull(core, repository, member.digest);
  return count;
}

export async function pullTags(core: Core, { metadata }: CoreContext): Promise<number> {
  let count = 0;
  for (const repository of [APP, OTHER, DEEP])
    for (const { record } of await metadata.page(tagsOf(repository), { limit: 100 }))
      count += await pull(core, repository, (record ?? assert.fail()).digest);
  return count;
}

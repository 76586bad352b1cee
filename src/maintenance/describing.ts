// Writes into all cards of manifests what can be found out about their content.
import { type DigestEntry, digestEntryOf } from "../metadata/entry-names.ts";
import { trash } from "../metadata/keeping-keys.ts";
import { manifests } from "../metadata/keys.ts";
import { put } from "../metadata/metadata-store.ts";
import type { ManifestRecord } from "../metadata/records.ts";
import { describedManifest } from "./described.ts";
import type { Rewriting, RewritingOptions } from "./rewriting.ts";
import { inspectManifest } from "./stored-manifest.ts";

/** After the links: schema 1 leaves the sizes of its blobs to them. */
export async function describeManifests(rewriting: Rewriting): Promise<void> {
  const { options } = rewriting;
  await rewriting.step("describing manifests", () =>
    rewriting.count(manifests, async (name, record) => [
      put({ text: manifests.text + name }, await described(options, digestEntryOf(name), record)),
    ]),
  );
  await rewriting.step("describing manifests in the trash", () =>
    rewriting.count(trash, async (name, record) => {
      const manifest = await described(options, digestEntryOf(name), record.manifest);
      return [put({ text: trash.text + name }, { ...record, manifest })];
    }),
  );
}

async function described(
  { metadata, blobs }: RewritingOptions,
  { repository, digest }: DigestEntry,
  record: ManifestRecord,
): Promise<ManifestRecord> {
  const stored = await inspectManifest(metadata, blobs, digest, record.mediaType);
  return describedManifest({ reader: metadata, blobs }, repository, record, stored);
}

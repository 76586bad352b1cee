// A document without a media type is what its pusher calls it, and one of two kinds can
// be called either: what it holds must follow, or its layers are swept away under it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NOBODY } from "../../src/core/origin.ts";
import { Collector } from "../../src/maintenance/collector/collector.ts";
import { due, held, holders, named } from "../../src/metadata/keeping-keys.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { OCI_ARTIFACT_MANIFEST, OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { blobOf, pushBlob, REPOSITORY as repository } from "./pictures.ts";
import { has, type Study, withCore } from "./study.ts";

const DAY = 24 * 60 * 60 * 1000;
const ON = { deleteEnabled: true, tagHistoryMs: DAY };

async function collect({ context }: Study): Promise<void> {
  for await (const _ of new Collector({ context, rate: 0 }).run());
}

const describe = (text: string) => ({ mediaType: "a/b", digest: blobOf(text), size: text.length });

/** Without a media type; as an artifact manifest it names nothing. */
const DOCUMENT = Buffer.from(
  JSON.stringify({ schemaVersion: 2, config: describe("config"), layers: [describe("layer")] }),
);

async function pushAs({ core }: Study, mediaTypes: readonly string[]): Promise<Digest> {
  for (const text of ["config", "layer"]) await pushBlob(core, text);
  let digest: Digest | undefined;
  for (const mediaType of mediaTypes) {
    const stored = await core.manifests.put({ repository, mediaType, content: DOCUMENT, tags: [] }, NOBODY);
    digest = stored.descriptor.digest;
  }
  assert.ok(digest);
  return digest;
}

for (const mediaTypes of [
  [OCI_ARTIFACT_MANIFEST, OCI_IMAGE_MANIFEST],
  [OCI_ARTIFACT_MANIFEST, OCI_IMAGE_MANIFEST, OCI_IMAGE_MANIFEST],
]) {
  test(`what was pushed as ${mediaTypes.length} kinds keeps what the last one names`, () =>
    withCore(ON, async (study) => {
      const { core, clock } = study;
      await pushAs(study, mediaTypes);
      clock.time += 30 * DAY;
      await collect(study);
      for (const text of ["config", "layer"]) await core.blobs.stat(repository, blobOf(text));
    }));
}

for (const mediaTypes of [
  [OCI_ARTIFACT_MANIFEST, OCI_IMAGE_MANIFEST],
  [OCI_IMAGE_MANIFEST, OCI_ARTIFACT_MANIFEST],
  [OCI_IMAGE_MANIFEST, OCI_ARTIFACT_MANIFEST, OCI_IMAGE_MANIFEST],
]) {
  test(`pushed as ${mediaTypes.map((type) => type.split(".")[3]).join(", ")} it leaves nothing behind`, () =>
    withCore(ON, async (study) => {
      const { core, context, clock } = study;
      const digest = await pushAs(study, mediaTypes);
      await core.manifests.delete(repository, digest, NOBODY);
      for (let days = 0; days < 12; days++) {
        clock.time += DAY;
        await collect(study);
      }
      for (const prefix of [due, held, holders, named])
        assert.deepEqual(await context.metadata.page<unknown>(prefix, { limit: 9, namesOnly: true }), []);
    }));
}

test("pushed again from the trash as another kind, it keeps what it names", () =>
  withCore(ON, async (study) => {
    const { core, clock } = study;
    const digest = await pushAs(study, [OCI_ARTIFACT_MANIFEST]);
    await core.manifests.delete(repository, digest, NOBODY);
    await pushAs(study, [OCI_IMAGE_MANIFEST]);
    clock.time += 30 * DAY;
    await collect(study);
    for (const text of ["config", "layer"]) await core.blobs.stat(repository, blobOf(text));
  }));

test("links that are named no more, because the kind changed, go when their time is over", () =>
  withCore(ON, async (study) => {
    const { core, clock } = study;
    await pushAs(study, [OCI_IMAGE_MANIFEST]);
    clock.time += 2 * DAY;
    await collect(study);
    await core.manifests.put(
      { repository, mediaType: OCI_ARTIFACT_MANIFEST, content: DOCUMENT, tags: [] },
      NOBODY,
    );
    for (let days = 0; days < 3; days++) {
      clock.time += DAY;
      await collect(study);
    }
    for (const text of ["config", "layer"])
      await assert.rejects(core.blobs.stat(repository, blobOf(text)), has("BLOB_UNKNOWN"));
  }));

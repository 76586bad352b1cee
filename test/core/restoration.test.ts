// Bringing back: what comes back is whole, and gives nobody what they could not have.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NOBODY } from "../../src/core/origin.ts";
import { Collector } from "../../src/maintenance/collector/collector.ts";
import { contentsKey, heldKey } from "../../src/metadata/keeping-keys.ts";
import { manifestKey } from "../../src/metadata/keys.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";
import { blobOf, pushBlob, pushImage, pushIndex, REPOSITORY as repository } from "./pictures.ts";
import { has, type Study, withCore } from "./study.ts";

const ON = { deleteEnabled: true };
const secrets = parseRepositoryName("somebody/secrets");

async function put({ core }: Study, mediaType: string, document: object): Promise<Descriptor> {
  const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...document }));
  return (await core.manifests.put({ repository, mediaType, content, tags: [] }, NOBODY)).descriptor;
}

for (const kind of ["foreign layer", "index member"] as const) {
  test(`a digest named as ${kind} is no key to another repository's blob, deleted and brought back`, () =>
    withCore({ ...ON, sparseIndexes: true }, async (study) => {
      const { core } = study;
      const digest = await pushBlob(core, "secret", secrets);
      await pushBlob(core, "{}");
      const named = { digest, size: 6, mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar" };
      const config = { digest: blobOf("{}"), size: 2, mediaType: "a/b" };
      const manifest =
        kind === "foreign layer"
          ? await put(study, OCI_IMAGE_MANIFEST, { config, layers: [named] })
          : await put(study, OCI_IMAGE_INDEX, { manifests: [{ ...named, mediaType: OCI_IMAGE_MANIFEST }] });
      await assert.rejects(core.blobs.stat(repository, digest), has("BLOB_UNKNOWN"));
      await core.manifests.delete(repository, manifest.digest, NOBODY);
      await core.trash.restore(repository, manifest.digest, NOBODY);
      await assert.rejects(core.blobs.stat(repository, digest), has("BLOB_UNKNOWN"));
    }));
}

for (const way of ["undeleted", "pointed to by its tag again"] as const) {
  test(`an index that is ${way} has its members, also those that were deleted after it`, () =>
    withCore(ON, async ({ core, context }) => {
      const leaf = await pushImage(core, ["leaf"], { tags: ["leaf"] });
      const inner = await pushIndex(core, [leaf], { tags: ["inner"] });
      const outer = await pushIndex(core, [inner], { tags: ["v1"] });
      for (const { digest } of [outer, inner, leaf]) await core.manifests.delete(repository, digest, NOBODY);
      if (way === "undeleted") await core.trash.restore(repository, outer.digest, NOBODY);
      else {
        const target = { kind: "digest", digest: outer.digest } as const;
        await core.tagHistory.restore({ repository, tag: parseTag("v1"), target }, NOBODY);
      }
      for (const { digest } of [outer, inner, leaf])
        assert.ok((await context.metadata.get(manifestKey(repository, digest))) !== undefined);
      // Those somebody had deleted by their names.
      const { items } = await core.tags.list(repository, { limit: 9 }, { namesOnly: true });
      assert.deepEqual(
        items.map(({ name }) => name),
        ["v1"],
      );
    }));
}

test("a tag attached by name comes back, also where its manifest had another name and stayed", () =>
  withCore(ON, async ({ core }) => {
    const image = await pushImage(core, ["image"], { tags: ["v1"] });
    const attached = `${image.digest.replace(":", "-")}.sig`;
    const signature = await pushImage(core, ["signature"], { tags: [attached, "own"] });
    await core.manifests.delete(repository, image.digest, NOBODY);
    const { tags } = await core.trash.restore(repository, image.digest, NOBODY);
    assert.deepEqual(new Set(tags), new Set(["v1", attached]));
    const found = await core.manifests.stat(repository, { kind: "tag", tag: parseTag(attached) }, NOBODY);
    assert.equal(found.digest, signature.digest);
  }));

test("an image that its tag points to again has its signatures, as cosign names them", () =>
  withCore(ON, async ({ core }) => {
    const image = await pushImage(core, ["image"], { tags: ["v1", "other"] });
    const attached = `${image.digest.replace(":", "-")}.sig`;
    const signature = await pushImage(core, ["signature"], { tags: [attached] });
    await core.manifests.delete(repository, image.digest, NOBODY);
    const target = { kind: "digest", digest: image.digest } as const;
    await core.tagHistory.restore({ repository, tag: parseTag("v1"), target }, NOBODY);
    const { items } = await core.tags.list(repository, { limit: 9 }, { namesOnly: true });
    assert.deepEqual(
      items.map(({ name }) => name),
      [attached, "v1"],
    );
    const found = await core.manifests.stat(repository, { kind: "tag", tag: parseTag(attached) }, NOBODY);
    assert.equal(found.digest, signature.digest);
  }));

test("a tag attached by name that is asked for by itself comes back once", () =>
  withCore(ON, async ({ core }) => {
    const image = await pushImage(core, ["image"], { tags: ["v1"] });
    const attached = parseTag(`${image.digest.replace(":", "-")}.sig`);
    const signature = await pushImage(core, ["signature"], { tags: [attached] });
    await core.manifests.delete(repository, signature.digest, NOBODY);
    const target = { kind: "digest", digest: signature.digest } as const;
    await core.tagHistory.restore({ repository, tag: attached, target }, NOBODY);
    const { items } = await core.tagHistory.list(repository, attached, { limit: 9 });
    assert.equal(items.length, 3);
  }));

test("a layer that two members share, and that was deleted meanwhile, is linked and counted once", () =>
  withCore(ON, async ({ core, context }) => {
    const members = [await pushImage(core, ["shared", "one"]), await pushImage(core, ["shared", "two"])];
    const index = await pushIndex(core, members, { tags: ["v1"] });
    const counts = () =>
      Promise.all([
        context.metadata.get(heldKey(blobOf("shared"))),
        context.metadata.get(contentsKey(repository)),
      ]);
    const before = await counts();
    await core.manifests.delete(repository, index.digest, NOBODY);
    await core.blobs.delete(repository, blobOf("shared"), NOBODY);
    await core.trash.restore(repository, index.digest, NOBODY);
    assert.deepEqual(await counts(), before);
    await core.blobs.stat(repository, blobOf("shared"));
  }));

test("nobody is told what a tag was before anybody remembers", () =>
  withCore({ ...ON, tagHistoryMs: 1000 }, async ({ core, context, clock }) => {
    const begin = clock.time;
    await pushImage(core, ["one"], { tags: ["v1"] });
    clock.time += 1000;
    await pushImage(core, ["two"], { tags: ["v1"] });
    clock.time += 500;
    await pushImage(core, ["three"], { tags: ["v1"] });
    for await (const _ of new Collector({ context, rate: 0 }).run());
    const restore = (time: number) =>
      core.tagHistory.restore({ repository, tag: parseTag("v1"), target: { kind: "time", time } }, NOBODY);
    // Before it was made at all; the change that made it is forgotten.
    await assert.rejects(restore(begin - 1000), has("MANIFEST_UNKNOWN"));
    assert.ok(await restore(begin + 1100));
  }));

// What cards tell of content: how large a pull is, where it runs, who set the tag.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NOBODY } from "../../src/core/origin.ts";
import { manifestKey, tagKey } from "../../src/metadata/keys.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { parseTag } from "../../src/oci/reference.ts";
import { blobOf, pushBlob, pushImage, pushIndex, putImage, REPOSITORY as repository } from "./pictures.ts";
import { withCore } from "./study.ts";

const ON = { deleteEnabled: true };
const v1 = parseTag("v1");
const v2 = parseTag("v2");

test("cards say how large a pull is and where it runs", () =>
  withCore(ON, async ({ core, context }) => {
    const card = async ({ digest }: Descriptor) => context.metadata.get(manifestKey(repository, digest));
    const tag = async (name: string) => {
      const record = await context.metadata.get(tagKey(repository, parseTag(name)));
      return {
        totalSize: record?.totalSize,
        platforms: record?.platforms,
        artifactType: record?.artifactType,
      };
    };
    const platforms = [
      { os: "linux", architecture: "amd64" },
      { os: "linux", architecture: "arm", variant: "v7" },
    ];
    const members: (Descriptor & { readonly platform: object })[] = [];
    let total = 0;
    for (const platform of platforms) {
      const config = JSON.stringify({ ...platform, rootfs: {} });
      for (const text of [config, "layer"]) await pushBlob(core, text);
      const image = await putImage(core, config, ["layer", "layer"]);
      const contentSize = image.size + config.length + 5;
      total += contentSize;
      members.push({ ...image, platform });
      const runs = Object.values(platform).join("/");
      assert.equal((await card(image))?.contentSize, contentSize);
      assert.deepEqual((await card(image))?.platforms, [runs]);
    }
    const attestation = { ...members[0], platform: { os: "unknown", architecture: "unknown" } } as Descriptor;
    const index = await pushIndex(core, [...members, attestation], { tags: ["multi"] });
    assert.equal((await card(index))?.contentSize, index.size);
    assert.deepEqual((await card(index))?.platforms, ["linux/amd64", "linux/arm/v7"]);
    const expected = { totalSize: total + index.size, platforms: ["linux/amd64", "linux/arm/v7"] };
    assert.deepEqual(await tag("multi"), { ...expected, artifactType: undefined });
    await core.manifests.delete(repository, index.digest, NOBODY);
    await core.trash.restore(repository, index.digest, NOBODY);
    assert.deepEqual(await tag("multi"), { ...expected, artifactType: undefined }, "brought back");
    const artifact = await pushImage(core, ["sbom"], { tags: ["s"], artifactType: "a/sbom" });
    assert.deepEqual(await tag("s"), {
      totalSize: (await card(artifact))?.contentSize,
      platforms: undefined,
      artifactType: "a/sbom",
    });
  }));

test("what cannot be found out is left out, and no push fails for it", () =>
  withCore({ ...ON, sparseIndexes: true }, async ({ core, context }) => {
    const configs = [
      "no json",
      '{"os":1,"architecture":"amd64"}',
      '{"os":"a b","architecture":"x"}',
      "[]",
      "null",
    ];
    for (const config of [
      ...configs,
      JSON.stringify({ os: "linux", architecture: "x", pad: "x".repeat(70_000) }),
    ]) {
      await pushBlob(core, config);
      const { digest } = await putImage(core, config, [], { tags: ["v1"] });
      const card = await context.metadata.get(manifestKey(repository, digest));
      assert.equal(card?.platforms, undefined, config.slice(0, 50));
      assert.ok(card?.contentSize !== undefined);
    }
    const missing = { mediaType: OCI_IMAGE_MANIFEST, digest: blobOf("missing"), size: 7 };
    const index = await pushIndex(core, [missing], { tags: ["v2"] });
    const record = await context.metadata.get(tagKey(repository, v2));
    assert.equal(record?.digest, index.digest);
    assert.equal(record?.totalSize, undefined);
  }));

test("a tag says who set it last", () =>
  withCore(ON, async ({ core, context }) => {
    const { digest } = await pushImage(core, ["one"]);
    const actor = async () => (await context.metadata.get(tagKey(repository, v1)))?.actor;
    const target = { kind: "digest", digest } as const;
    for (const name of ["ann", "bob", undefined]) {
      await core.tagHistory.restore({ repository, tag: v1, target }, { actor: name });
      assert.equal(await actor(), name);
    }
  }));

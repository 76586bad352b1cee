// A manifest whose bytes were found to be wrong, and that has no second copy: clients
// are told that it is not here, so that they push it again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NOBODY } from "../../src/core/origin.ts";
import { treatDamaged } from "../../src/maintenance/damage.ts";
import { OCI_IMAGE_INDEX } from "../../src/oci/media-types.ts";
import { parseTag } from "../../src/oci/reference.ts";
import { REPOSITORY as repository } from "./pictures.ts";
import { has, withCore } from "./study.ts";

for (const [size, length] of [
  ["a small one is repaired", 10],
  ["a large one is pushed again", 300_000],
] as const) {
  test(`damaged, ${size}`, () =>
    withCore({}, async ({ core, context }) => {
      const annotations = { text: "x".repeat(length) };
      const document = { schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests: [], annotations };
      const request = {
        repository,
        mediaType: OCI_IMAGE_INDEX,
        content: Buffer.from(JSON.stringify(document)),
      };
      const tag = parseTag("v1");
      const { descriptor } = await core.manifests.put({ ...request, tags: [tag] }, NOBODY);
      const { repaired } = await treatDamaged(context, descriptor.digest);
      for (const reference of [
        { kind: "digest", digest: descriptor.digest } as const,
        { kind: "tag", tag } as const,
      ]) {
        if (!repaired) {
          await assert.rejects(core.manifests.stat(repository, reference, NOBODY), has("MANIFEST_UNKNOWN"));
          await assert.rejects(core.manifests.get(repository, reference, NOBODY), has("MANIFEST_UNKNOWN"));
        }
      }
      if (!repaired) await core.manifests.put({ ...request, tags: [] }, NOBODY);
      const { content } = await core.manifests.get(repository, { kind: "tag", tag }, NOBODY);
      assert.deepEqual(Buffer.from(content), request.content);
      assert.equal(repaired, length === 10);
    }));
}

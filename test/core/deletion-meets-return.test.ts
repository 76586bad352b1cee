// What is in the trash needs nothing, until somebody brings it back: just then, a
// deletion of what it names must see that, whichever of the two is committed first.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CoreContext } from "../../src/core/context.ts";
import { type Core, createCore } from "../../src/core/core.ts";
import { NOBODY } from "../../src/core/origin.ts";
import { linkKey, manifestKey } from "../../src/metadata/keys.ts";
import { parseTag } from "../../src/oci/reference.ts";
import { beforeFirstCommit } from "./interrupted.ts";
import { blobOf, pushImage, pushIndex, putImage, REPOSITORY as repository } from "./pictures.ts";
import { has, withCore } from "./study.ts";

const ON = { deleteEnabled: true };

/** The rules, where something else happens just before their first commit. */
function interrupted(context: CoreContext, meanwhile: () => Promise<unknown>): Core {
  return createCore({ ...context, metadata: beforeFirstCommit(context.metadata, meanwhile) });
}

const WAYS = ["undeleted", "pushed again"] as const;

for (const way of WAYS) {
  test(`a blob is not deleted when a manifest that needs it is just then ${way}`, () =>
    withCore(ON, async ({ core, context }) => {
      const { digest } = await pushImage(core, ["layer"], { tags: ["v1"] });
      await core.manifests.delete(repository, digest, NOBODY);
      const deleting = interrupted(context, () =>
        way === "undeleted"
          ? core.trash.restore(repository, digest, NOBODY)
          : putImage(core, "config of layer  ", ["layer"]),
      );
      await assert.rejects(deleting.blobs.delete(repository, blobOf("layer"), NOBODY), has("BLOB_IN_USE"));
      assert.ok((await context.metadata.get(linkKey(repository, blobOf("layer")))) !== undefined);
    }));

  test(`a member is not deleted when its index is just then ${way}`, () =>
    withCore(ON, async ({ core, context }) => {
      const member = await pushImage(core, ["member"], { tags: ["member"] });
      const index = await pushIndex(core, [member], { tags: ["v1"] });
      await core.manifests.delete(repository, index.digest, NOBODY);
      const deleting = interrupted(context, () =>
        way === "undeleted"
          ? core.trash.restore(repository, index.digest, NOBODY)
          : pushIndex(core, [member], { tags: ["v1"] }),
      );
      await assert.rejects(
        deleting.manifests.delete(repository, member.digest, NOBODY),
        has("MANIFEST_IN_USE"),
      );
      assert.ok((await context.metadata.get(manifestKey(repository, member.digest))) !== undefined);
    }));

  test(`a member does not go with one index when another is just then ${way}`, () =>
    withCore(ON, async ({ core, context }) => {
      const member = await pushImage(core, ["member"], { tags: ["member"] });
      const other = await pushImage(core, ["other"], { tags: ["other"] });
      const returning = await pushIndex(core, [member, other], { tags: ["v1"] });
      await core.manifests.delete(repository, returning.digest, NOBODY);
      await core.tags.delete({ repository, tag: parseTag("member") }, NOBODY);
      const going = await pushIndex(core, [member], { tags: ["v2"] });
      const deleting = interrupted(context, () =>
        way === "undeleted"
          ? core.trash.restore(repository, returning.digest, NOBODY)
          : pushIndex(core, [member, other], { tags: ["v1"] }),
      );
      const { companions } = await deleting.manifests.delete(repository, going.digest, NOBODY);
      assert.deepEqual(companions, []);
      assert.ok((await context.metadata.get(manifestKey(repository, member.digest))) !== undefined);
    }));
}

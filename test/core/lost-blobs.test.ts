// A blob whose bytes went away: whoever opens it first marks it, unless somebody has it in hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CoreOptions } from "../../src/core/context.ts";
import { BlobUnreadable } from "../../src/core/damage.ts";
import { blobKey } from "../../src/metadata/keys.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { parseRepositoryName } from "../../src/oci/reference.ts";
import { pushBlob } from "../maintenance/pushing.ts";
import { has, pullBlob, type Study, withCore } from "./study.ts";

const [APP, OTHER] = [parseRepositoryName("team/app"), parseRepositoryName("other")];

/** Runs the work with a blob of two repositories whose bytes are gone. */
function withLost(
  options: Partial<CoreOptions>,
  work: (study: Study, digest: Awaited<ReturnType<typeof pushBlob>>["digest"]) => Promise<void>,
): Promise<void> {
  return withCore(options, async (study) => {
    const { core, context } = study;
    const { digest } = await pushBlob(core, APP, "bytes");
    await core.blobs.mount({ repository: OTHER, digest, from: APP }, {});
    await context.blobs.delete(digest);
    await work(study, digest);
  });
}

const isMarked = async ({ context }: Study, digest: Parameters<typeof blobKey>[0]) =>
  (await context.metadata.get(blobKey(digest)))?.damageTime !== undefined;

test("many who open it at once hear the same, and one event tells of it", () =>
  withLost({}, async (study, digest) => {
    const { core, context } = study;
    const before = context.metadata.lastSequence();
    const pulls = Array.from({ length: 5 }, () => pullBlob(core, APP, digest));
    const outcomes = await Promise.allSettled(pulls);
    const causes = outcomes.flatMap((outcome) => {
      assert.ok(outcome.status === "rejected" && has("BLOB_UNKNOWN")(outcome.reason));
      return outcome.reason.cause instanceof BlobUnreadable ? [outcome.reason.cause] : [];
    });
    assert.equal(causes.length, 1);
    assert.ok(await isMarked(study, digest));
    assert.equal(context.metadata.lastSequence(), before + 1);
    await assert.rejects(core.blobs.mount({ repository: APP, digest, from: OTHER }, {}), has("BLOB_UNKNOWN"));
    await pushBlob(core, APP, "bytes");
    for (const repository of [APP, OTHER])
      assert.equal(String(await pullBlob(core, repository, digest)), "bytes");
  }));

test("while somebody places or removes it, it is unknown, and nothing is marked", () =>
  withLost({}, async (study, digest) => {
    const release = await study.context.holds.share(digest);
    await assert.rejects(
      pullBlob(study.core, APP, digest),
      (error) => error instanceof RegistryError && error.code === "BLOB_UNKNOWN" && error.cause === undefined,
    );
    assert.ok(!(await isMarked(study, digest)));
    release();
    await assert.rejects(pullBlob(study.core, APP, digest), has("BLOB_UNKNOWN"));
    assert.ok(await isMarked(study, digest));
  }));

// Bytes come before cards. Where no card comes after all, the bytes do not stay.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCore } from "../../src/core/core.ts";
import { NOBODY } from "../../src/core/origin.ts";
import { Collector } from "../../src/maintenance/collector/collector.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { OCI_IMAGE_INDEX } from "../../src/oci/media-types.ts";
import { parseTag } from "../../src/oci/reference.ts";
import { beforeFirstCommit } from "./interrupted.ts";
import { once, pushIndex, REPOSITORY as repository } from "./pictures.ts";
import { has, type Study, withCore } from "./study.ts";

async function collect({ context }: Study): Promise<void> {
  for await (const _ of new Collector({ context, rate: 0 }).run());
}

const index = (text: string) =>
  Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests: [], annotations: { text } }),
  );

test("a manifest whose tag somebody else moved just then leaves nothing behind", () =>
  withCore({}, async (study) => {
    const { core, context } = study;
    const old = await pushIndex(core, [], { tags: ["v1"] });
    const request = { repository, mediaType: OCI_IMAGE_INDEX, tags: [parseTag("v1")] };
    const late = createCore({
      ...context,
      metadata: beforeFirstCommit(context.metadata, () =>
        core.manifests.put({ ...request, content: index("first") }, NOBODY),
      ),
    });
    const precondition = { kind: "any-of", digests: [old.digest] } as const;
    const content = index("late");
    await assert.rejects(
      late.manifests.put({ ...request, content, precondition }, NOBODY),
      has("PRECONDITION_FAILED"),
    );
    await collect(study);
    assert.equal(await context.blobs.stat(digestOf(content)), undefined);
    assert.ok((await context.blobs.stat(digestOf(index("first")))) !== undefined);
  }));

test("an upload that ended just before its bytes became a blob leaves nothing behind", () =>
  withCore({}, async (study) => {
    const { core, context } = study;
    const bytes = Buffer.from("bytes");
    const digest = digestOf(bytes);
    const { id } = await core.uploads.create(repository);
    const late = createCore({
      ...context,
      metadata: beforeFirstCommit(context.metadata, () => core.uploads.cancel({ repository, id }, NOBODY)),
    });
    const closing = late.uploads.writeAndCommit(
      { repository, id },
      {},
      { digest, origin: NOBODY },
      once(bytes),
    );
    await assert.rejects(closing, has("BLOB_UPLOAD_UNKNOWN"));
    await collect(study);
    assert.equal(await context.blobs.stat(digest), undefined);
  }));

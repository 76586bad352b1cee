// The rules that no client can see from outside: time, leftovers, and what an
// operator may switch. Everything else is in the services' contract suite.
import assert from "node:assert/strict";
import { test } from "node:test";
import { v7 } from "uuid";
import { NOBODY } from "../../src/core/origin.ts";
import { uploadKey } from "../../src/metadata/keys.ts";
import { remove } from "../../src/metadata/metadata-store.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";
import { has, type Study, withCore } from "./study.ts";

const repository = parseRepositoryName("a/b");
const content = Buffer.from("content");
const HOUR = 60 * 60 * 1000;

async function* once(bytes: Uint8Array) {
  yield bytes;
}

async function pushBlob({ core }: Study, bytes: Uint8Array) {
  const { id } = await core.uploads.create(repository);
  await core.uploads.write({ repository, id }, {}, once(bytes));
  await core.uploads.commit({ repository, id }, digestOf(bytes), NOBODY);
  return { repository, id };
}

test("a committed session is remembered for an hour and then forgotten", () =>
  withCore({}, async (study) => {
    const { core, clock } = study;
    const early = await pushBlob(study, content);
    clock.time += HOUR / 2;
    const late = await pushBlob(study, content);
    clock.time += HOUR / 2 + 1;
    await core.uploads.forgetClosed();
    await assert.rejects(core.uploads.commit(early, digestOf(content), NOBODY), has("BLOB_UPLOAD_UNKNOWN"));
    assert.equal((await core.uploads.commit(late, digestOf(content), NOBODY)).size, content.length);
  }));

test("a session that was open for days is remembered for an hour after its commit", () =>
  withCore({}, async ({ core, clock }) => {
    const { id } = await core.uploads.create(repository);
    clock.time += 48 * HOUR;
    await core.uploads.commit({ repository, id }, digestOf(Buffer.alloc(0)), NOBODY);
    await core.uploads.forgetClosed();
    assert.equal((await core.uploads.commit({ repository, id }, digestOf(Buffer.alloc(0)), NOBODY)).size, 0);
  }));

test("a closed session is closed also when somebody writes to it at that moment", () =>
  withCore({}, async ({ core, context }) => {
    const digest = digestOf(content);
    for (const before of [content, Buffer.alloc(0)]) {
      const { id } = await core.uploads.create(repository);
      const name = { repository, id };
      await core.uploads.write(name, {}, once(before));
      const writing: Promise<unknown>[] = [];
      const stop = context.metadata.onAppend(() => {
        writing.push(context.uploads.write(id, { algorithm: "sha256" }, once(content)));
      });
      const closing =
        before === content
          ? core.uploads.commit(name, digest, NOBODY)
          : core.uploads.writeAndCommit(name, {}, { digest, origin: NOBODY }, once(content));
      assert.equal((await closing).size, content.length);
      stop();
      await Promise.all(writing);
      assert.equal(writing.length, 1);
      assert.equal((await core.uploads.commit(name, digest, NOBODY)).size, content.length);
    }
  }));

test("a write that ends behind its session leaves no bytes, well or not", () =>
  withCore({}, async ({ core, context }) => {
    for (const failure of [undefined, new Error("the sender broke")]) {
      const { id } = await core.uploads.create(repository);
      const chunks = async function* () {
        await context.metadata.commit({ changes: [remove(uploadKey(id))] });
        yield content;
        if (failure !== undefined) throw failure;
      };
      await assert.rejects(core.uploads.write({ repository, id }, {}, chunks()), has("BLOB_UPLOAD_UNKNOWN"));
      assert.deepEqual(await Array.fromAsync(context.uploads.list()), []);
    }
  }));

test("bytes that a crash left without a session are swept, those of a session stay", () =>
  withCore({}, async ({ core, context }) => {
    const { id } = await core.uploads.create(repository);
    await core.uploads.write({ repository, id }, {}, once(content));
    const orphan = v7();
    await context.uploads.write(orphan, { algorithm: "sha256" }, once(content));
    await core.uploads.sweepOrphans();
    assert.deepEqual(await Array.fromAsync(context.uploads.list()), [id]);
    assert.equal((await core.uploads.get({ repository, id })).offset, content.length);
  }));

test("a commit that crashed before the catalogue knew of the blob can be repeated", () =>
  withCore({}, async ({ core, context }) => {
    const { id } = await core.uploads.create(repository);
    await core.uploads.write({ repository, id }, {}, once(content));
    await context.uploads.commit(id, digestOf(content));
    await core.uploads.sweepOrphans();
    assert.equal(
      (await core.uploads.commit({ repository, id }, digestOf(content), NOBODY)).size,
      content.length,
    );
  }));

test("nothing is deleted while deleting is switched off", () =>
  withCore({}, async (study) => {
    const { core } = study;
    await pushBlob(study, content);
    const digest = digestOf(content);
    await assert.rejects(core.blobs.delete(repository, digest, NOBODY), has("UNSUPPORTED"));
    await assert.rejects(core.manifests.delete(repository, digest, NOBODY), has("UNSUPPORTED"));
    await assert.rejects(core.tags.delete({ repository, tag: parseTag("v") }, NOBODY), has("UNSUPPORTED"));
    assert.equal((await core.blobs.stat(repository, digest)).size, content.length);
  }));

test("an index may name what is not here only when that is allowed", async () => {
  const missing = { mediaType: OCI_IMAGE_MANIFEST, digest: digestOf(content), size: 7 };
  const index = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests: [missing] }),
  );
  const request = { repository, mediaType: "", content: index, tags: [] };
  await withCore({}, ({ core }) =>
    assert.rejects(core.manifests.put(request, NOBODY), has("MANIFEST_BLOB_UNKNOWN")),
  );
  await withCore({ sparseIndexes: true }, async ({ core }) => {
    assert.equal((await core.manifests.put(request, NOBODY)).descriptor.digest, digestOf(index));
  });
});

test("a manifest larger than what is kept beside its card comes back whole", () =>
  withCore({}, async (study) => {
    await pushBlob(study, content);
    const config = { mediaType: "application/x", digest: digestOf(content), size: content.length };
    const annotations = { long: "x".repeat(1024 * 1024) };
    const large = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE_MANIFEST, config, layers: [], annotations }),
    );
    const tag = parseTag("large");
    await study.core.manifests.put({ repository, mediaType: "", content: large, tags: [tag] }, NOBODY);
    const found = await study.core.manifests.get(repository, { kind: "tag", tag }, NOBODY);
    assert.deepEqual(Buffer.from(found.content), large);
  }));

test("referrers with large annotations are all listed, page by page", () =>
  withCore({}, async (study) => {
    const { core } = study;
    await pushBlob(study, content);
    const subject = { mediaType: OCI_IMAGE_MANIFEST, digest: digestOf(Buffer.from("subject")), size: 7 };
    const config = { mediaType: "application/x", digest: digestOf(content), size: content.length };
    const digests = new Set<string>();
    for (let n = 0; n < 12; n++) {
      const annotations = { n: String(n), long: "x".repeat(n % 2 === 0 ? 1_000_000 : 10) };
      const manifest = { schemaVersion: 2, config, layers: [], subject, annotations };
      const request = { repository, mediaType: "", content: Buffer.from(JSON.stringify(manifest)), tags: [] };
      digests.add((await core.manifests.put(request, NOBODY)).descriptor.digest);
    }
    for (const artifactType of ["application/x", "application/y"]) {
      const found: string[] = [];
      for (let more = true; more; ) {
        const after = found.at(-1) ?? "";
        const page = await core.listReferrers(repository, subject.digest, {
          limit: 100,
          after,
          artifactType,
        });
        found.push(...page.items.map(({ digest }) => digest));
        more = page.more;
      }
      assert.deepEqual(found, artifactType === "application/x" ? [...digests].sort() : []);
    }
  }));

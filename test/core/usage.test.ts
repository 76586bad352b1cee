// Accounting: each operation changes what it should and nothing else, and the rows say what the cards amount to.
import assert from "node:assert/strict";
import { test } from "node:test";
import { v7 } from "uuid";
import { linkAdopted } from "../../src/core/adopted-blobs.ts";
import { markDamaged } from "../../src/core/damage.ts";
import { NOBODY } from "../../src/core/origin.ts";
import { PullRecorder } from "../../src/core/pulls.ts";
import { expireBlob, expireLink, expireTrash, removeEmptyRepository } from "../../src/core/removal.ts";
import { blobKey, manifestKey } from "../../src/metadata/keys.ts";
import { put } from "../../src/metadata/metadata-store.ts";
import { storedKey, usageBelowKey, usageKey } from "../../src/metadata/usage-keys.ts";
import { NO_USAGE } from "../../src/metadata/usage-record.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";
import { blobOf, pushBlob, pushImage, putImage, REPOSITORY as repository } from "./pictures.ts";
import { changeBy, usageOf } from "./recount.ts";
import { SOURCE, type Study, withCore } from "./study.ts";

const ON = { deleteEnabled: true };
const other = parseRepositoryName("a/b/c/d/e");
const v1 = parseTag("v1");
const v2 = parseTag("v2");
const CONFIG = "config of layer  ";

async function storedOf({ context }: Study) {
  return (await context.metadata.get(storedKey)) ?? { blobs: 0, bytes: 0 };
}

test("a blob counts once, however often it is pushed", () =>
  withCore(ON, async (study) => {
    const push = () => pushBlob(study.core, "twelve bytes");
    assert.deepEqual(await changeBy(study, push), { repositories: 1, blobs: 1, bytes: 12 });
    assert.deepEqual(await changeBy(study, push), {});
    assert.deepEqual(await storedOf(study), { blobs: 1, bytes: 12 });
  }));

test("many pushes of the same blob at once count once", () =>
  withCore(ON, async (study) => {
    const { core } = study;
    const work = () => Promise.all(Array.from({ length: 30 }, () => pushBlob(core, "twelve bytes")));
    assert.deepEqual(await changeBy(study, work), { repositories: 1, blobs: 1, bytes: 12 });
    const image = () =>
      Promise.all(Array.from({ length: 30 }, () => pushImage(core, ["l"], { tags: ["v1"] })));
    const { pushTime: _, ...change } = await changeBy(study, image);
    const { size } = await pushImage(core, ["l"]);
    const bytes = size + Buffer.byteLength("config of l  ") + 1;
    assert.deepEqual(change, { blobs: 2, bytes, manifests: 1, tags: 1, logicalBytes: bytes });
  }));

test("a mounted blob counts in its new repository, and in the cellar once", () =>
  withCore(ON, async (study) => {
    const { core } = study;
    const digest = await pushBlob(core, "twelve bytes");
    const mount = () => core.blobs.mount({ repository: other, digest, from: repository }, NOBODY);
    assert.deepEqual(await changeBy(study, mount, other), { repositories: 1, blobs: 1, bytes: 12 });
    assert.deepEqual(await changeBy(study, mount, other), {});
    assert.deepEqual(await storedOf(study), { blobs: 1, bytes: 12 });
    for (const [path, blobs] of [
      ["", 2],
      ["a", 2],
      ["a/b", 1],
      ["a/b/c", 1],
    ] as const) {
      const row = await study.context.metadata.get(usageBelowKey(path));
      assert.deepEqual([row?.blobs, row?.repositories], [blobs, blobs], path); // one blob in each
    }
    assert.equal(await study.context.metadata.get(usageBelowKey("a/b/c/d")), undefined);
  }));

test("an adopted blob counts like one that was pushed", () =>
  withCore(ON, async (study) => {
    const digest = blobOf("twelve bytes");
    const place = async () => {
      await study.context.blobs.put(digest, Buffer.from("twelve bytes"));
      return 12;
    };
    const adopt = () => linkAdopted(study.context, { repository, digest }, place, NOBODY);
    assert.deepEqual(await changeBy(study, adopt), { repositories: 1, blobs: 1, bytes: 12 });
    assert.deepEqual(await changeBy(study, adopt), {});
    assert.deepEqual(await storedOf(study), { blobs: 1, bytes: 12 });
  }));

test("a blob that is deleted counts no more, in the cellar when it is collected", () =>
  withCore({ ...ON, graceMs: 0 }, async (study) => {
    const digest = await pushBlob(study.core, "twelve bytes");
    const remove = () => study.core.blobs.delete(repository, digest, NOBODY);
    assert.deepEqual(await changeBy(study, remove), { blobs: -1, bytes: -12 });
    assert.deepEqual(await storedOf(study), { blobs: 1, bytes: 12 });
    await expireBlob(study.context, digest);
    assert.deepEqual(await storedOf(study), { blobs: 0, bytes: 0 });
    await pushBlob(study.core, "twelve bytes");
    const expire = () => expireLink(study.context, { repository, digest }, 0);
    assert.deepEqual(await changeBy(study, expire), { blobs: -1, bytes: -12 });
  }));

test("a damaged blob counts until another takes its place", () =>
  withCore(ON, async (study) => {
    const { core, context } = study;
    const digest = await pushBlob(core, "twelve bytes");
    await markDamaged(context, digest, []);
    assert.deepEqual(await storedOf(study), { blobs: 1, bytes: 12 });
    // Its card said something else than what it is.
    const card = await context.metadata.get(blobKey(digest));
    assert.ok(card !== undefined);
    await context.metadata.commit({
      changes: [
        put(blobKey(digest), { ...card, size: 5 }),
        { kind: "sum", key: storedKey, sums: [0, -7], highest: [] },
      ],
    });
    assert.deepEqual(await changeBy(study, () => pushBlob(core, "twelve bytes")), {});
    assert.deepEqual(await storedOf(study), { blobs: 1, bytes: 12 });
  }));

test("a manifest counts with its tags when it is new, and again only what changes", () =>
  withCore(ON, async (study) => {
    const { core, clock } = study;
    await pushImage(core, ["layer"]);
    const blobs = Buffer.byteLength(CONFIG) + 5 + 10;
    await pushBlob(core, "ten bytes!");
    const put = () => putImage(core, CONFIG, ["layer", "ten bytes!", "layer"], { tags: ["v1", "v2"] });
    const { size } = await put();
    clock.time += 1000;
    assert.deepEqual(await changeBy(study, put), { pushTime: 1000 }, "again");
    const { logicalBytes, bytes, tags, manifests, pushTime } = await usageOf(study);
    assert.deepEqual({ tags, manifests }, { tags: 2, manifests: 2 });
    const first = (await study.core.manifests.stat(repository, { kind: "tag", tag: v1 }, NOBODY)).size;
    assert.equal(first, size);
    assert.equal(pushTime, clock.time);
    assert.equal(bytes, blobs + size + (await sizeOfFirst(study)));
    assert.equal(logicalBytes, blobs + size + (blobs - 10) + (await sizeOfFirst(study)));
    clock.time += 1000;
    const retag = () => putImage(core, CONFIG, ["layer"], { tags: ["v2", "v3"] });
    assert.deepEqual(await changeBy(study, retag), { tags: 1, pushTime: 1000 });
  }));

async function sizeOfFirst({ core }: Study): Promise<number> {
  return (await putImage(core, CONFIG, ["layer"])).size;
}

test("the same bytes under another media type count as what they are then", () =>
  withCore({ ...ON, sparseIndexes: true }, async (study) => {
    const { core, context } = study;
    for (const text of ["{}", "ten bytes!"]) await pushBlob(core, text);
    const content = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        config: { mediaType: "a/b", digest: blobOf("{}"), size: 2 },
        layers: [{ mediaType: "a/b", digest: blobOf("ten bytes!"), size: 10 }],
      }),
    );
    const push = (mediaType: string) =>
      core.manifests.put({ repository, mediaType, content, tags: [] }, NOBODY);
    const { descriptor } = await push(OCI_IMAGE_MANIFEST);
    const card = () => context.metadata.get(manifestKey(repository, descriptor.digest));
    assert.equal((await card())?.contentSize, content.length + 12);
    assert.deepEqual(await changeBy(study, () => push("application/vnd.oci.artifact.manifest.v1+json")), {
      logicalBytes: -12,
    });
    assert.equal((await card())?.contentSize, content.length);
    assert.deepEqual(await changeBy(study, () => push(OCI_IMAGE_MANIFEST)), { logicalBytes: 12 });
  }));

test("deleting, restoring and purging count what moves", () =>
  withCore(ON, async (study) => {
    const { core, clock } = study;
    const image = await pushImage(core, ["layer"], { tags: ["v1", "v2"] });
    const { digest, size } = image;
    const logicalBytes = size + 5 + Buffer.byteLength(CONFIG);
    const remove = () => core.manifests.delete(repository, digest, NOBODY);
    const gone = { manifests: -1, trashed: 1, tags: -2, logicalBytes: -logicalBytes };
    assert.deepEqual(await changeBy(study, remove), gone);
    clock.time += 1000;
    const back = { manifests: 1, trashed: -1, tags: 2, logicalBytes, pushTime: 1000 };
    assert.deepEqual(await changeBy(study, () => core.trash.restore(repository, digest, NOBODY)), back);
    await remove();
    clock.time += 1000;
    const push = () => putImage(core, CONFIG, ["layer"], { tags: ["v1"] });
    assert.deepEqual(await changeBy(study, push), { ...back, tags: 1 });
    await remove();
    clock.time += 1000;
    const target = { kind: "digest", digest } as const;
    const point = () => core.tagHistory.restore({ repository, tag: v2, target }, NOBODY);
    assert.deepEqual(await changeBy(study, point), { ...back, tags: 1 });
    await remove();
    assert.deepEqual(await changeBy(study, () => core.trash.purge(repository, digest)), {
      trashed: -1,
      bytes: -size,
    });
  }));

test("links that were deleted meanwhile count again when a manifest comes back", () =>
  withCore({ ...ON, referencedDeletion: "allow" }, async (study) => {
    const { core } = study;
    const { digest, size } = await pushImage(core, ["layer", "shared"], { tags: ["v1"] });
    await core.manifests.delete(repository, digest, NOBODY);
    for (const text of ["layer", "shared"]) await core.blobs.delete(repository, blobOf(text), NOBODY);
    const { pushTime: _, ...change } = await changeBy(study, () =>
      core.trash.restore(repository, digest, NOBODY),
    );
    const config = Buffer.byteLength("config of layer shared  ");
    const logicalBytes = size + 5 + 6 + config;
    assert.deepEqual(change, { blobs: 2, bytes: 11, manifests: 1, trashed: -1, tags: 1, logicalBytes });
  }));

test("what is a blob and a manifest counts its bytes once, whichever goes first", () =>
  withCore({ ...ON, graceMs: 0, trashAgeMs: 0 }, async (study) => {
    const { core, context } = study;
    const content = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests: [] }),
    );
    const digest = digestOf(content);
    const pushManifest = async () => {
      await core.manifests.put({ repository, mediaType: OCI_IMAGE_INDEX, content, tags: [] }, NOBODY);
    };
    const pushBytes = () => pushBlob(core, content.toString());
    const forget = async () => {
      await core.manifests.delete(repository, digest, NOBODY);
      await expireTrash(context, { repository, digest });
    };
    const unlink = () => core.blobs.delete(repository, digest, NOBODY);
    const bytesBy = async (work: () => Promise<unknown>) => (await changeBy(study, work)).bytes ?? 0;
    const { length } = content;
    assert.equal(await bytesBy(pushBytes), length);
    assert.equal(await bytesBy(pushManifest), 0);
    assert.equal(await bytesBy(unlink), 0);
    assert.equal(await bytesBy(pushBytes), 0);
    assert.equal(await bytesBy(forget), 0);
    assert.equal(await bytesBy(unlink), -length);
    assert.equal(await bytesBy(pushManifest), length);
    await core.manifests.delete(repository, digest, NOBODY);
    assert.equal(await bytesBy(pushBytes), 0, "it is in the trash");
    assert.deepEqual(await storedOf(study), { blobs: 1, bytes: length });
    assert.equal(await bytesBy(unlink), 0);
    await expireTrash(context, { repository, digest });
    await expireBlob(context, digest);
    assert.deepEqual(await storedOf(study), { blobs: 0, bytes: 0 });
    const {
      repositories,
      pushTime: _,
      ...rest
    } = (await context.metadata.get(usageBelowKey(""))) ?? NO_USAGE;
    assert.deepEqual({ ...rest, repositories: 0 }, NO_USAGE);
    assert.equal(repositories, 1, "it holds nothing, and is there");
    assert.equal(await removeEmptyRepository(context, repository), true);
    assert.equal(await context.metadata.get(usageKey(repository)), undefined);
    assert.equal(await context.metadata.get(usageBelowKey("")), undefined);
  }));

test("tags count when they come and go, not when they move", () =>
  withCore(ON, async (study) => {
    const { core } = study;
    await pushImage(core, ["one"], { tags: ["v1", "v2"] });
    const { pushTime: _, ...moved } = await changeBy(study, () => pushImage(core, ["two"], { tags: ["v1"] }));
    assert.equal(moved.tags, undefined);
    assert.deepEqual(await changeBy(study, () => core.tags.delete({ repository, tag: v1 }, NOBODY)), {
      tags: -1,
    });
  }));

test("pulls count until the manifest is purged", () =>
  withCore(ON, async (study) => {
    const { core, context, clock } = study;
    const { metadata, now } = context;
    const descriptor = await pushImage(core, ["one"], { tags: ["v1"] });
    const pulls = new PullRecorder({
      metadata,
      now,
      newId: v7,
      source: SOURCE,
      head: false,
      report: () => {},
    });
    const pull = async (what: Descriptor) => {
      for (let count = 0; count < 3; count++)
        pulls.add({}, { repository, descriptor: what, headOnly: false });
      await pulls.flush();
    };
    assert.deepEqual(await changeBy(study, () => pull(descriptor)), { pulls: 3, pullTime: clock.time });
    clock.time += 5;
    assert.deepEqual(await changeBy(study, () => pull(descriptor)), { pulls: 3, pullTime: 5 });
    const unknown = { ...descriptor, digest: digestOf(Buffer.from("?")) };
    assert.deepEqual(await changeBy(study, () => pull(unknown)), {}, "of what is not there");
    await core.manifests.delete(repository, descriptor.digest, NOBODY);
    assert.equal((await usageOf(study)).pulls, 6, "it may come back");
    const change = await changeBy(study, () => core.trash.purge(repository, descriptor.digest));
    assert.deepEqual(change, { trashed: -1, bytes: -descriptor.size, pulls: -6 });
    await pulls.close();
  }));

test("what fails counts nothing", () =>
  withCore(ON, async (study) => {
    await pushBlob(study.core, CONFIG);
    const push = () => putImage(study.core, CONFIG, ["missing"], { tags: ["v1"] });
    const failing = () => assert.rejects(push(), { code: "MANIFEST_BLOB_UNKNOWN" });
    assert.deepEqual(await changeBy(study, failing), {});
  }));

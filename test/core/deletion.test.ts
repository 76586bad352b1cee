// Deleting is soft: what goes to the trash with what, what is refused, and what it
// takes to have everything back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NOBODY } from "../../src/core/origin.ts";
import { heldKey, namedKey } from "../../src/metadata/keeping-keys.ts";
import { manifestKey } from "../../src/metadata/keys.ts";
import type { Digest } from "../../src/oci/digest.ts";
import type { RegistryError } from "../../src/oci/errors.ts";
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";
import { blobOf, pushBlob, pushImage, pushIndex, REPOSITORY as repository } from "./pictures.ts";
import { has, type Study, withCore } from "./study.ts";

const ON = { deleteEnabled: true };

async function tags({ core }: Study): Promise<string[]> {
  const { items } = await core.tags.list(repository, { limit: 100 }, { namesOnly: true });
  return items.map(({ name }) => name);
}

async function isLive({ context }: Study, digest: Digest): Promise<boolean> {
  return (await context.metadata.get(manifestKey(repository, digest))) !== undefined;
}

async function trashed({ core }: Study): Promise<Digest[]> {
  return (await core.trash.list(repository, { limit: 100 })).items.map(({ digest }) => digest);
}

test("a deleted manifest is gone for readers, and comes back with its tags", () =>
  withCore(ON, async (study) => {
    const { core } = study;
    const { digest } = await pushImage(core, ["one"], { tags: ["v1", "latest"] });
    assert.deepEqual((await core.manifests.delete(repository, digest, NOBODY)).tags, ["latest", "v1"]);
    await assert.rejects(
      core.manifests.stat(repository, { kind: "digest", digest }, NOBODY),
      has("MANIFEST_UNKNOWN"),
    );
    assert.deepEqual([await tags(study), await trashed(study)], [[], [digest]]);
    const back = await core.trash.restore(repository, digest, NOBODY);
    assert.deepEqual([back.tags, back.takenTags], [["latest", "v1"], []]);
    assert.deepEqual([await tags(study), await trashed(study)], [["latest", "v1"], []]);
    assert.equal(
      (await core.manifests.get(repository, { kind: "tag", tag: parseTag("v1") }, NOBODY)).descriptor.digest,
      digest,
    );
  }));

test("a tag that somebody used since stays with them", () =>
  withCore(ON, async (study) => {
    const { core } = study;
    const old = await pushImage(core, ["one"], { tags: ["v1", "latest"] });
    await core.manifests.delete(repository, old.digest, NOBODY);
    const young = await pushImage(core, ["two"], { tags: ["latest"] });
    const back = await core.trash.restore(repository, old.digest, NOBODY);
    assert.deepEqual([back.tags, back.takenTags], [["v1"], ["latest"]]);
    assert.equal(
      (await core.manifests.stat(repository, { kind: "tag", tag: parseTag("latest") }, NOBODY)).digest,
      young.digest,
    );
  }));

test("pushing a manifest again takes it out of the trash, and counts nothing twice", () =>
  withCore(ON, async (study) => {
    const { core, context } = study;
    const { digest } = await pushImage(core, ["one"], { tags: ["v1"] });
    const before = await context.metadata.get(heldKey(blobOf("one")));
    await core.manifests.delete(repository, digest, NOBODY);
    await pushImage(core, ["one"], { tags: ["v2"] });
    assert.deepEqual([await tags(study), await trashed(study)], [["v2"], []]);
    assert.equal(await context.metadata.get(heldKey(blobOf("one"))), before);
    assert.equal(await context.metadata.get(namedKey(repository, blobOf("one"))), 1);
  }));

test("what belongs to an index goes and comes back with it", () =>
  withCore(ON, async (study) => {
    const { core } = study;
    const member = await pushImage(core, ["amd64"]);
    const tagged = await pushImage(core, ["arm64"], { tags: ["arm"] });
    const shared = await pushImage(core, ["s390x"]);
    const other = await pushIndex(core, [shared], { tags: ["other"] });
    const index = await pushIndex(core, [member, tagged, shared], { tags: ["v1"] });
    const signature = await pushImage(core, ["signature"], { subject: index, artifactType: "a/sig" });
    const ofMember = await pushImage(core, ["sbom"], { subject: member, artifactType: "a/sbom" });
    const { companions } = await core.manifests.delete(repository, index.digest, NOBODY);
    assert.deepEqual(new Set(companions), new Set([member.digest, signature.digest, ofMember.digest]));
    for (const kept of [tagged, shared, other]) assert.ok(await isLive(study, kept.digest));
    assert.deepEqual((await core.listReferrers(repository, index.digest, { limit: 9 })).items, []);
    const back = await core.trash.restore(repository, index.digest, NOBODY);
    assert.deepEqual(new Set(back.companions), new Set(companions));
    for (const { digest } of [index, member, signature, ofMember]) assert.ok(await isLive(study, digest));
    const [referrer] = (await core.listReferrers(repository, index.digest, { limit: 9 })).items;
    assert.equal(referrer?.digest, signature.digest);
    assert.deepEqual(await trashed(study), []);
  }));

test("a member of two indexes goes with the second", () =>
  withCore(ON, async (study) => {
    const { core } = study;
    const member = await pushImage(core, ["amd64"]);
    const one = await pushIndex(core, [member], { tags: ["one"] });
    const two = await pushIndex(core, [member, await pushImage(core, ["x"])], { tags: ["two"] });
    await core.manifests.delete(repository, one.digest, NOBODY);
    assert.ok(await isLive(study, member.digest));
    await core.manifests.delete(repository, two.digest, NOBODY);
    assert.ok(!(await isLive(study, member.digest)));
  }));

test("an index in an index takes its members along, whichever is found first", () =>
  withCore(ON, async (study) => {
    const { core } = study;
    const leaf = await pushImage(core, ["leaf"]);
    const inner = await pushIndex(core, [leaf]);
    const outer = await pushIndex(core, [leaf, inner], { tags: ["v1"] });
    const { companions } = await core.manifests.delete(repository, outer.digest, NOBODY);
    assert.deepEqual(new Set(companions), new Set([leaf.digest, inner.digest]));
  }));

test("tags attached by name go and come back with their manifest; others that begin so do not", () =>
  withCore(ON, async (study) => {
    const { core } = study;
    const image = await pushImage(core, ["one"], { tags: ["v1"] });
    const beginning = image.digest.replace(":", "-");
    const signature = await pushImage(core, ["signature"], { tags: [`${beginning}.sig`] });
    await pushImage(core, ["other"], { tags: [`${beginning}-mine`] });
    await core.manifests.delete(repository, image.digest, NOBODY);
    assert.deepEqual(await tags(study), [`${beginning}-mine`]);
    assert.ok(!(await isLive(study, signature.digest)));
    const back = await core.trash.restore(repository, image.digest, NOBODY);
    assert.deepEqual(new Set(back.tags), new Set(["v1", `${beginning}.sig`]));
  }));

test("coming back opens no blob to the repository that it never had", () =>
  withCore({ ...ON, sparseIndexes: true }, async (study) => {
    const { core } = study;
    const secret = await pushBlob(core, "of another repository", parseRepositoryName("c/d"));
    const named = { digest: secret, size: 21 };
    const config = { mediaType: "application/json", digest: await pushBlob(core, "{}"), size: 2 };
    const foreign = { ...named, mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" };
    for (const document of [
      { schemaVersion: 2, mediaType: OCI_IMAGE_MANIFEST, config, layers: [foreign] },
      {
        schemaVersion: 2,
        mediaType: OCI_IMAGE_INDEX,
        manifests: [{ ...named, mediaType: OCI_IMAGE_MANIFEST }],
      },
    ]) {
      const content = Buffer.from(JSON.stringify(document));
      const request = { repository, content, mediaType: "", tags: [] };
      const { digest } = (await core.manifests.put(request, NOBODY)).descriptor;
      await core.manifests.delete(repository, digest, NOBODY);
      await core.trash.restore(repository, digest, NOBODY);
    }
    await assert.rejects(core.blobs.stat(repository, secret), has("BLOB_UNKNOWN"));
  }));

test("a referrer with a tag of its own stays", () =>
  withCore(ON, async (study) => {
    const { core } = study;
    const image = await pushImage(core, ["one"], { tags: ["v1"] });
    const report = await pushImage(core, ["report"], { subject: image, tags: ["report"] });
    await core.manifests.delete(repository, image.digest, NOBODY);
    assert.ok(await isLive(study, report.digest));
  }));

test("a blob that a manifest needs is not deleted, and the manifests are named", () =>
  withCore(ON, async (study) => {
    const { core } = study;
    const one = await pushImage(core, ["base", "one"]);
    const two = await pushImage(core, ["base", "two"]);
    await assert.rejects(core.blobs.delete(repository, blobOf("base"), NOBODY), (error: RegistryError) => {
      const named = error.problems.map(({ metadata }) => metadata.manifest);
      assert.deepEqual([error.code, new Set(named)], ["BLOB_IN_USE", new Set([one.digest, two.digest])]);
      return true;
    });
    assert.equal((await core.blobs.stat(repository, blobOf("base"))).size, 4);
    await core.manifests.delete(repository, one.digest, NOBODY);
    await core.manifests.delete(repository, two.digest, NOBODY);
    await core.blobs.delete(repository, blobOf("base"), NOBODY);
    await assert.rejects(core.blobs.stat(repository, blobOf("base")), has("BLOB_UNKNOWN"));
    // The trash holds the bytes, so that what it brings back is whole.
    await core.trash.restore(repository, one.digest, NOBODY);
    assert.equal((await core.blobs.stat(repository, blobOf("base"))).size, 4);
  }));

test("a needed blob can be deleted where that is allowed; the same for members", () =>
  withCore({ ...ON, referencedDeletion: "allow" }, async (study) => {
    const { core } = study;
    const member = await pushImage(core, ["base"]);
    await pushIndex(core, [member], { tags: ["v1"] });
    await core.blobs.delete(repository, blobOf("base"), NOBODY);
    await core.manifests.delete(repository, member.digest, NOBODY);
    assert.ok(!(await isLive(study, member.digest)));
  }));

test("a member is not deleted before its index", () =>
  withCore(ON, async ({ core }) => {
    const member = await pushImage(core, ["amd64"]);
    const index = await pushIndex(core, [member], { tags: ["v1"] });
    await assert.rejects(core.manifests.delete(repository, member.digest, NOBODY), (error: RegistryError) => {
      assert.deepEqual([error.code, error.metadata.manifest], ["MANIFEST_IN_USE", index.digest]);
      return true;
    });
  }));

test("a push that needs what is being deleted fails or wins, and is never half", () =>
  withCore(ON, async (study) => {
    const { core } = study;
    for (let round = 0; round < 30; round++) {
      const member = await pushImage(core, [`layer ${round}`]);
      const [deleted, pushed] = await Promise.allSettled([
        core.manifests.delete(repository, member.digest, NOBODY),
        pushIndex(core, [member], { tags: [`v${round}`] }),
      ]);
      assert.notEqual(deleted.status, pushed.status, `round ${round}`);
      assert.equal(await isLive(study, member.digest), pushed.status === "fulfilled");
    }
  }));

test("a blob and the manifest that names it: one of deleting and pushing wins", () =>
  withCore(ON, async (study) => {
    const { core, context } = study;
    for (let round = 0; round < 30; round++) {
      const layers = [`layer ${round}`];
      await pushImage(core, layers, { artifactType: "a/first" });
      const first = await pushImage(core, layers, { artifactType: "a/first" });
      await core.manifests.delete(repository, first.digest, NOBODY);
      await pushBlob(core, `config of ${layers[0]}  `);
      const [deleted] = await Promise.allSettled([
        core.blobs.delete(repository, blobOf(layers[0] ?? ""), NOBODY),
        pushImage(core, layers),
      ]);
      const named = await context.metadata.get(namedKey(repository, blobOf(layers[0] ?? "")));
      const isThere = await core.blobs.stat(repository, blobOf(layers[0] ?? "")).then(
        () => true,
        () => false,
      );
      // Pushed whole means there; the push brings the layer again when it was deleted before.
      if (named !== undefined && named > 1) assert.ok(isThere, `round ${round}: ${deleted.status}`);
    }
  }));

test("a tag that comes back is as old as it was", () =>
  withCore(ON, async (study) => {
    const { core, clock } = study;
    const pushed = clock.time;
    const { digest } = await pushImage(core, ["one"], { tags: ["v1"] });
    clock.time += 1000;
    await core.manifests.delete(repository, digest, NOBODY);
    clock.time += 1000;
    await core.trash.restore(repository, digest, NOBODY);
    const { items } = await core.tags.list(repository, { limit: 1 }, { namesOnly: false });
    assert.equal(items[0]?.record?.updateTime, pushed);
  }));

// What a tree of distribution becomes: repositories, blobs, manifests, tags, times.
import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { CoreContext } from "../../src/core/context.ts";
import { Collector } from "../../src/maintenance/collector/collector.ts";
import { heldKey } from "../../src/metadata/keeping-keys.ts";
import { blobKey, linkKey, manifestKey, tagKey } from "../../src/metadata/keys.ts";
import { put } from "../../src/metadata/metadata-store.ts";
import { digestHex, digestOf } from "../../src/oci/digest.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";
import { withImport } from "./import-bench.ts";

const DAY = 24 * 60 * 60 * 1000;

test("an image is imported by hard link, with its tag and the times it had", () =>
  withImport(async ({ tree, run, context, root, digestOfTag }) => {
    const image = await tree.image("acme/app", "one", ["v1"]);
    const pushed = Math.floor((Date.now() - 9 * DAY) / 1000) * 1000;
    await tree.age(tree.revisionLink("acme/app", image.digest), pushed);
    await tree.age(tree.tagLink("acme/app", "v1"), pushed + DAY);
    const { counts, findings } = await run();
    assert.deepEqual(findings, []);
    assert.deepEqual(counts.blobs, { linked: 2, copied: 0, present: 0 });
    assert.equal(await digestOfTag("acme/app", "v1"), image.digest);
    const [old, here] = await Promise.all([
      stat(tree.blobPath(image.layer)),
      stat(join(root, "blobs/sha256", digestHex(image.layer).slice(0, 2), digestHex(image.layer))),
    ]);
    assert.equal(here.ino, old.ino);
    const repository = parseRepositoryName("acme/app");
    const card = await context.metadata.get(manifestKey(repository, image.digest));
    assert.equal(card?.createTime, pushed);
    const tag = await context.metadata.get(tagKey(repository, parseTag("v1")));
    assert.equal(tag?.updateTime, pushed + DAY);
    assert.equal(await context.metadata.get(heldKey(image.layer)), 2); // the link, the manifest
  }));

test("a second import reads nothing again and changes nothing", () =>
  withImport(async ({ tree, run, context }) => {
    const image = await tree.image("acme/app", "one", ["v1"]);
    await run();
    const last = context.metadata.lastSequence();
    await tree.remove(tree.blobPath(image.layer)); // reading it would fail
    const { counts, findings } = await run();
    assert.deepEqual(findings, []);
    assert.deepEqual(counts.present, { tags: 1, manifests: 1, links: 2 });
    assert.equal(counts.tags + counts.manifests + counts.links, 0);
    assert.equal(context.metadata.lastSequence(), last);
  }));

test("a second import brings what has come since, and moves tags that moved", () =>
  withImport(async ({ tree, run, digestOfTag }) => {
    await tree.image("acme/app", "one", ["latest", "v1"]);
    await run();
    const two = await tree.image("acme/app", "two", ["latest", "v2"]);
    const other = await tree.image("acme/other", "three", ["v1"]);
    const { counts } = await run();
    assert.equal(counts.manifests, 2);
    assert.equal(counts.tags, 3);
    assert.equal(await digestOfTag("acme/app", "latest"), two.digest);
    assert.equal(await digestOfTag("acme/other", "v1"), other.digest);
  }));

test("a tag that was set in Stowage later stays as it is", () =>
  withImport(async ({ tree, run, core, digestOfTag }) => {
    const one = await tree.image("acme/app", "one", ["latest"]);
    const two = await tree.image("acme/app", "two");
    await run();
    const { content } = await core.manifests.get(
      parseRepositoryName("acme/app"),
      { kind: "digest", digest: two.digest },
      {},
    );
    const repository = parseRepositoryName("acme/app");
    await core.manifests.put({ repository, content, mediaType: "", tags: [parseTag("latest")] }, {});
    await tree.age(tree.tagLink("acme/app", "latest"), Date.now() - DAY);
    const { findings } = await run();
    assert.deepEqual(
      findings.map(({ kind, level }) => [kind, level]),
      [["newer-tag", "note"]],
    );
    assert.equal(await digestOfTag("acme/app", "latest"), two.digest);
    assert.notEqual(one.digest, two.digest);
  }));

test("repositories may be nested, and one's name the beginning of another's", () =>
  withImport(async ({ tree, run, core }) => {
    for (const name of ["a", "a/b", "a/b/c", "a-b", "a/bc"]) await tree.image(name, name, ["v1"]);
    const { counts } = await run();
    assert.equal(counts.repositories, 5);
    const { items } = await core.listRepositories({ limit: 10 });
    assert.deepEqual(items.toSorted(), ["a", "a-b", "a/b", "a/b/c", "a/bc"]);
  }));

test("only the repositories that are chosen are imported", () =>
  withImport(async ({ tree, run, core }) => {
    for (const name of ["a", "a/b"]) await tree.image(name, name, ["v1"]);
    await run({ chooses: (name) => name === "a/b" });
    assert.deepEqual((await core.listRepositories({ limit: 10 })).items, ["a/b"]);
  }));

test("a blob that several repositories link is adopted once", () =>
  withImport(async ({ tree, run }) => {
    for (const name of ["a", "b", "c"]) await tree.image(name, "same", ["v1"]);
    const { counts } = await run();
    assert.deepEqual(counts.blobs, { linked: 2, copied: 0, present: 0 });
    assert.equal(counts.links, 6);
  }));

test("members come before their index, also of an index in an index", () =>
  withImport(async ({ tree, run, digestOfTag }) => {
    const members = [await tree.image("acme/multi", "amd64"), await tree.image("acme/multi", "arm64")];
    const inner = await tree.index("acme/multi", members);
    const outer = await tree.index("acme/multi", [inner, ...members], ["v1"]);
    const { counts, findings } = await run();
    assert.deepEqual(findings, []);
    assert.equal(counts.manifests, 4);
    assert.equal(await digestOfTag("acme/multi", "v1"), outer.digest);
  }));

test("a referrer is listed by its subject, whichever comes first", () =>
  withImport(async ({ tree, run, core }) => {
    const image = await tree.image("acme/app", "one", ["v1"]);
    const subject = { mediaType: "application/vnd.oci.image.manifest.v1+json", ...image };
    const signature = await tree.image("acme/app", "signature", [], { artifactType: "test/sbom", subject });
    await run();
    const { items } = await core.listReferrers(parseRepositoryName("acme/app"), image.digest, { limit: 5 });
    assert.deepEqual(
      items.map(({ digest }) => digest),
      [signature.digest],
    );
  }));

test("manifests that only tag history knows, or nothing, are imported", () =>
  withImport(async ({ tree, run, context }) => {
    const oldest = await tree.image("acme/app", "of 2.1.0", ["v1"]);
    await tree.write(tree.layerLink("acme/app", oldest.digest), oldest.digest);
    await tree.remove(join(tree.revisionLink("acme/app", oldest.digest), ".."));
    const old = await tree.image("acme/app", "old", ["v1"]);
    const now = await tree.image("acme/app", "new", ["v1"]);
    const untagged = await tree.image("acme/app", "untagged");
    const { counts } = await run();
    assert.equal(counts.manifests, 4);
    for (const { digest } of [oldest, old, now, untagged])
      assert.ok(await context.metadata.get(manifestKey(parseRepositoryName("acme/app"), digest)));
  }));

test("links of 2.1.0, among the layers, are found: from tags, indexes and revisions without one", () =>
  withImport(async ({ tree, run, digestOfTag, context }) => {
    const repository = parseRepositoryName("acme/old");
    const move = async (digest: Parameters<typeof tree.revisionLink>[1], { leaveDirectory = false } = {}) => {
      await tree.write(tree.layerLink(repository, digest), digest);
      const link = tree.revisionLink(repository, digest);
      await tree.remove(leaveDirectory ? link : join(link, ".."));
    };
    const member = await tree.image(repository, "member");
    const index = await tree.index(repository, [member], ["v1"]);
    const untagged = await tree.image(repository, "untagged");
    await move(member.digest);
    await move(index.digest);
    await move(untagged.digest, { leaveDirectory: true });
    const { findings, counts } = await run();
    assert.deepEqual(findings, []);
    assert.equal(counts.manifests, 3);
    assert.equal(await digestOfTag(repository, "v1"), index.digest);
    for (const { digest } of [member, untagged])
      assert.ok(await context.metadata.get(manifestKey(repository, digest)));
  }));

test("the media type is what the bytes say", () =>
  withImport(async ({ tree, run, core }) => {
    const { config, layer } = await tree.image("acme/app", "one");
    const size = (text: string) => text.length;
    const silent = await tree.manifest(
      "acme/app",
      {
        schemaVersion: 2,
        config: { mediaType: "test/config", digest: config, size: size('{"seed":"one"}') },
        layers: [{ mediaType: "test/layer", digest: layer, size: size("layer of one") }],
      },
      ["silent"],
    );
    await run();
    const reference = { kind: "tag", tag: parseTag("silent") } as const;
    const stored = await core.manifests.get(parseRepositoryName("acme/app"), reference, {});
    assert.equal(stored.descriptor.digest, silent.digest);
    assert.equal(stored.descriptor.mediaType, "application/vnd.oci.image.manifest.v1+json");
  }));

test("a blob that was pushed under another algorithm's digest has that too", () =>
  withImport(async ({ tree, run, context }) => {
    const content = "pushed as sha512";
    const canonical = await tree.layer("acme/app", content);
    const alias = digestOf(Buffer.from(content), "sha512");
    await tree.write(tree.layerLink("acme/app", alias), canonical);
    const { findings } = await run();
    assert.deepEqual(findings, []);
    for (const digest of [canonical, alias])
      assert.ok(await context.metadata.get(linkKey(parseRepositoryName("acme/app"), digest)));
    assert.equal(Buffer.from((await context.blobs.get(alias)) ?? "").toString(), content);
  }));

test("what was deleted in the old registry is neither imported nor missed", () =>
  withImport(async ({ tree, run, context }) => {
    const image = await tree.image("acme/app", "one");
    await tree.image("acme/app", "two", ["v2"]);
    await tree.remove(tree.revisionLink("acme/app", image.digest));
    await tree.remove(tree.layerLink("acme/app", image.layer));
    const { findings, counts } = await run();
    assert.deepEqual(findings, []);
    assert.equal(counts.manifests, 1);
    assert.equal(await context.metadata.get(blobKey(image.layer)), undefined);
  }));

test("a dry run counts and changes nothing", () =>
  withImport(async ({ tree, run, core, context, root }) => {
    await tree.image("acme/app", "one", ["v1"]);
    await tree.image("acme/other", "one", ["v1"]);
    const { counts, findings } = await run({ dryRun: true });
    assert.deepEqual(findings, []);
    assert.deepEqual([counts.manifests, counts.tags, counts.links, counts.blobs.linked], [2, 2, 4, 2]);
    assert.deepEqual((await core.listRepositories({ limit: 1 })).items, []);
    assert.equal(context.metadata.lastSequence(), 0);
    assert.deepEqual(await readdir(join(root, "blobs/sha256")), []);
  }));

test("blobs are copied where that is asked for", () =>
  withImport(async ({ tree, run, root }) => {
    const image = await tree.image("acme/app", "one", ["v1"]);
    const { counts } = await run({ copy: true });
    assert.deepEqual(counts.blobs, { linked: 0, copied: 2, present: 0 });
    const hex = digestHex(image.layer);
    const here = await stat(join(root, "blobs/sha256", hex.slice(0, 2), hex));
    assert.equal(here.nlink, 1);
    assert.deepEqual(await readdir(join(root, "tmp")), []);
  }));

test("what is known to be damaged is taken from the tree again", () =>
  withImport(async ({ tree, run, context }) => {
    const image = await tree.image("acme/app", "one", ["v1"]);
    await run({ copy: true });
    for (const digest of [image.layer, image.digest]) {
      const record = (await context.metadata.get(blobKey(digest))) ?? assert.fail();
      await context.metadata.commit({ changes: [put(blobKey(digest), { ...record, damageTime: 2 })] });
      await context.blobs.delete(digest);
    }
    const { counts, findings } = await run();
    assert.deepEqual(findings, []);
    assert.deepEqual([counts.blobs.linked, counts.manifests], [1, 1]);
    for (const digest of [image.layer, image.digest]) {
      assert.equal((await context.metadata.get(blobKey(digest)))?.damageTime, undefined);
      assert.ok(await context.blobs.stat(digest));
    }
  }));

test("the collector takes nothing that was imported but blobs that no manifest names", () =>
  withImport(async ({ tree, run, core, context, clock, digestOfTag }) => {
    const repository = parseRepositoryName("acme/app");
    const image = await tree.image(repository, "one", ["v1"]);
    const unneeded = await tree.layer(repository, "a layer of no image");
    for (const link of [image.digest, image.layer, image.config])
      await tree.age(tree.blobPath(link), Date.now() - 900 * DAY);
    await run();
    const { totals } = await collect(context);
    assert.deepEqual([totals.links, totals.blobs], [0, 0]);
    clock.ahead = 400 * DAY;
    await collect(context);
    await collect(context);
    assert.equal(await digestOfTag(repository, "v1"), image.digest);
    for (const digest of [image.layer, image.config]) await core.blobs.stat(repository, digest);
    assert.equal(await context.blobs.stat(unneeded), undefined);
    assert.ok(await stat(tree.blobPath(unneeded))); // the tree's file is the tree's
  }));

test("an import is announced as pushes are, by nobody", () =>
  withImport(async ({ tree, run, context }) => {
    await tree.image("acme/app", "one", ["v1"]);
    await run();
    const events = await context.metadata.readEvents(0, 100);
    const kinds = events.map(({ event }) => event.fact.kind);
    assert.deepEqual(kinds.toSorted(), [
      ...["blob_mounted", "blob_mounted", "manifest_pushed", "repository_created", "tag_created"],
    ]);
    for (const { event } of events)
      assert.deepEqual(
        [event.actor, event.request, event.repository],
        [undefined, undefined, parseRepositoryName("acme/app")],
      );
  }));

async function collect(context: CoreContext) {
  for await (const item of new Collector({ context, rate: 0 }).run())
    if (item.kind === "finished") return item;
  throw new Error("collecting did not end");
}

// The catalogue comes back from the cellar alone: what the journal and the bytes tell
// is all that is needed for the same repositories, tags and references as before.
import assert from "node:assert/strict";
import { readdir, readFile, rm, truncate, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { blobPath, journalDirectory } from "../../src/blobs/paths.ts";
import { NOBODY } from "../../src/core/origin.ts";
import { Rebuild } from "../../src/maintenance/rebuild/rebuild.ts";
import type { RebuildItem } from "../../src/maintenance/rebuild/rebuild-items.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";
import { blobOf, pushBlob, pushImage, pushIndex, REPOSITORY } from "../core/pictures.ts";
import { has } from "../core/study.ts";
import { eventually } from "../support/eventually.ts";
import { catalogueState } from "./catalogue-state.ts";
import { expectClean, inFolder, type OpenRegistry, reports, withRegistry } from "./registry-folder.ts";

const DAY = 24 * 60 * 60 * 1000;
const elsewhere = parseRepositoryName("other/place");

async function rebuild(
  root: string,
  { signal, ...options }: { moveAside?: boolean; verify?: boolean; signal?: AbortSignal } = {},
): Promise<RebuildItem[]> {
  const items: RebuildItem[] = [];
  const times = { graceMs: DAY, trashAgeMs: 7 * DAY, tagHistoryMs: 90 * DAY };
  const all = { root, moveAside: false, verify: false, now: Date.now, ...times, ...options };
  for await (const item of Rebuild.run(all, signal)) items.push(item);
  return items;
}

function totals(items: readonly RebuildItem[]) {
  const item = items.at(-1);
  assert.ok(item?.kind === "finished");
  return item.totals;
}

const losses = (items: readonly RebuildItem[]) =>
  items.filter(({ kind }) => /lost|problem|unclaimed/.test(kind));

/** A bit of everything. */
async function live({ core }: OpenRegistry): Promise<void> {
  const one = await pushImage(core, ["one"], { tags: ["v1", "latest"] });
  const two = await pushImage(core, ["one", "two"], { tags: ["v2"] });
  await pushIndex(core, [one, two], { tags: ["multi"] });
  await pushImage(core, ["sbom"], { subject: one, artifactType: "application/vnd.sbom" });
  await pushImage(core, ["three"], { tags: ["latest"] });
  const gone = await pushImage(core, ["gone"], { tags: ["old"] });
  await core.manifests.delete(REPOSITORY, gone.digest, NOBODY);
  await pushBlob(core, "nobody names it");
  await pushImage(core, ["one", "big".repeat(200_000)], { repository: elsewhere, tags: ["v1"] });
  await core.tags.delete({ repository: elsewhere, tag: parseTag("v1") }, NOBODY);
  await core.blobs.mount({ repository: elsewhere, digest: blobOf("two"), from: REPOSITORY }, NOBODY);
}

async function loseCatalogue(root: string): Promise<void> {
  await rm(join(root, "metadata"), { recursive: true });
}

for (const isCheckpoint of [false, true]) {
  test(`all of a registry comes back from ${isCheckpoint ? "a checkpoint" : "changes"}`, () =>
    inFolder(async (root) => {
      const before = await withRegistry({ root, journal: !isCheckpoint }, async (registry) => {
        await live(registry);
        return catalogueState(registry);
      });
      if (isCheckpoint)
        await withRegistry({ root, journal: true }, () =>
          eventually("a checkpoint", async () =>
            (await readdir(journalDirectory(root))).find((name) => /^checkpoint-\d+$/.test(name)),
          ),
        );
      await loseCatalogue(root);
      const items = await rebuild(root, { verify: true });
      assert.deepEqual(losses(items), []);
      await withRegistry({ root }, async (registry) => {
        assert.deepEqual(await catalogueState(registry), before);
        await expectClean(registry);
        const untagged = await registry.context.metadata.page({ text: "U/other" }, { limit: 9 });
        assert.equal(untagged.length, 1);
      });
      assert.deepEqual(reports, []);
    }));
}

for (const isCheckpoint of [false, true]) {
  test(`tags say again who set them last, and what they are, from ${isCheckpoint ? "a checkpoint and changes" : "changes"}`, () =>
    inFolder(async (root) => {
      const put = async ({ core }: OpenRegistry, by: string | undefined, ...tags: string[]) => {
        const config = await pushBlob(core, '{"os":"linux","architecture":"amd64"}');
        const descriptor = {
          mediaType: "application/vnd.oci.image.config.v1+json",
          digest: config,
          size: 37,
        };
        const mediaType = "application/vnd.oci.image.manifest.v1+json";
        const document = { schemaVersion: 2, mediaType, config: descriptor, layers: [] };
        const content = Buffer.from(JSON.stringify(document));
        const origin = by === undefined ? NOBODY : { actor: by };
        const request = { repository: REPOSITORY, mediaType, content, tags: tags.map(parseTag) };
        const image = (await core.manifests.put(request, origin)).descriptor;
        return { ...image, platform: { os: "linux", architecture: "amd64" } };
      };
      const options = { root, journal: true, minChangesBytes: isCheckpoint ? 1 : 1e9 };
      await withRegistry(options, async (registry) => {
        const image = await put(registry, "alice", "one", "two", "three", "four");
        await pushIndex(registry.core, [image], { tags: ["multi"] });
        await put(registry, "bob", "two");
      });
      const before = await withRegistry({ ...options, minChangesBytes: 1e9 }, async (registry) => {
        await put(registry, "carol", "three");
        await put(registry, undefined, "four");
        const tags = await registry.core.tags.list(REPOSITORY, { limit: 9 }, { namesOnly: false });
        assert.deepEqual(
          tags.items.map(({ name, record }) => [name, record?.actor, record?.platforms]),
          [
            ["four", undefined, ["linux/amd64"]],
            ["multi", undefined, ["linux/amd64"]],
            ["one", "alice", ["linux/amd64"]],
            ["three", "carol", ["linux/amd64"]],
            ["two", "bob", ["linux/amd64"]],
          ],
        );
        return catalogueState(registry);
      });
      await loseCatalogue(root);
      assert.deepEqual(losses(await rebuild(root)), []);
      await withRegistry({ root }, async (registry) => {
        assert.deepEqual(await catalogueState(registry), before);
        await expectClean(registry);
      });
      assert.deepEqual(reports, []);
    }));
}

test("what is rebuilt works: pulls, referrers, the trash, tag history, and another push", () =>
  inFolder(async (root) => {
    await withRegistry({ root, journal: true }, live);
    await loseCatalogue(root);
    await rebuild(root);
    await withRegistry({ root }, async (registry) => {
      const { core } = registry;
      const { items } = await core.listRepositories({ limit: 10 });
      assert.deepEqual(items, [REPOSITORY, elsewhere]);
      const { descriptor } = await core.manifests.get(
        REPOSITORY,
        { kind: "tag", tag: parseTag("v1") },
        NOBODY,
      );
      const referrers = await core.listReferrers(REPOSITORY, descriptor.digest, { limit: 10 });
      assert.equal(referrers.items.length, 1);
      const history = await core.tagHistory.list(REPOSITORY, parseTag("latest"), { limit: 10 });
      assert.deepEqual(
        history.items.map(({ from }) => from),
        [descriptor.digest, undefined],
      );
      const [trashed] = (await core.trash.list(REPOSITORY, { limit: 10 })).items;
      assert.ok(trashed !== undefined);
      await core.trash.restore(REPOSITORY, trashed.digest, NOBODY);
      await core.manifests.get(REPOSITORY, { kind: "tag", tag: parseTag("old") }, NOBODY);
      await pushImage(core, ["four"], { tags: ["v4"] });
      await expectClean(registry);
    });
  }));

test("a rebuild that was interrupted, and one that comes after another, end the same", () =>
  inFolder(async (root) => {
    const before = await withRegistry({ root, journal: true }, async (registry) => {
      await live(registry);
      return catalogueState(registry);
    });
    await loseCatalogue(root);
    const stop = new AbortController();
    const times = { graceMs: DAY, trashAgeMs: 7 * DAY, tagHistoryMs: 90 * DAY };
    const options = { root, moveAside: true, verify: false, now: Date.now, ...times };
    for await (const item of Rebuild.run(options))
      if (item.kind === "progress" && item.phase === "links") break;
    await assert.rejects(
      async () => {
        for await (const item of Rebuild.run(options, stop.signal))
          if (item.kind === "progress") stop.abort();
      },
      { name: "AbortError" },
    );
    assert.ok(!(await readdir(root)).includes("metadata"));
    for (let round = 0; round < 2; round++) {
      await rebuild(root, { moveAside: true });
      await withRegistry({ root }, async (registry) =>
        assert.deepEqual(await catalogueState(registry), before),
      );
    }
  }));

test("bytes that are gone, cut or changed are named, and never served", () =>
  inFolder(async (root) => {
    const { one, two, lost } = await withRegistry({ root, journal: true }, async ({ core }) => ({
      one: await pushImage(core, ["gone", "cut", "flipped"], { tags: ["v1"] }),
      two: await pushImage(core, ["two"], { tags: ["v2"] }),
      lost: await pushImage(core, ["three"], { tags: ["v3"] }),
    }));
    await loseCatalogue(root);
    await unlink(blobPath(root, blobOf("gone")));
    await truncate(blobPath(root, blobOf("cut")), 1);
    await writeFile(blobPath(root, blobOf("flipped")), "fLipped");
    await writeFile(blobPath(root, two.digest), "{}");
    await unlink(blobPath(root, lost.digest));
    const items = await rebuild(root, { verify: true });
    assert.deepEqual(
      new Set(losses(items).map((item) => ("digest" in item ? `${item.kind} ${item.digest}` : item.kind))),
      new Set([
        ...["gone", "cut", "flipped"].map((text) => `blob-lost ${blobOf(text)}`),
        `manifest-lost ${two.digest}`,
        `manifest-lost ${lost.digest}`,
        `tag-lost ${two.digest}`,
        `tag-lost ${lost.digest}`,
      ]),
    );
    await withRegistry({ root }, async (registry) => {
      const { core } = registry;
      await core.manifests.get(REPOSITORY, { kind: "digest", digest: one.digest }, NOBODY);
      for (const text of ["gone", "cut", "flipped"])
        await assert.rejects(core.blobs.stat(REPOSITORY, blobOf(text)), has("BLOB_UNKNOWN"));
      // Whoever has them brings them back.
      await pushImage(core, ["gone", "cut", "flipped"], { tags: ["v1"] });
      for (const text of ["gone", "cut", "flipped"]) await core.blobs.stat(REPOSITORY, blobOf(text));
      await expectClean(registry, ["blob-unclaimed"]);
    });
  }));

test("without any journal, manifests that nobody claims are counted and named", () =>
  inFolder(async (root) => {
    const { digest, mediaType } = await withRegistry({ root }, ({ core }) => pushImage(core, ["one"]));
    await loseCatalogue(root);
    const items = await rebuild(root);
    assert.deepEqual(losses(items), [
      { kind: "journal-problem", problem: { kind: "no-journal" } },
      { kind: "unclaimed-manifest", digest, mediaType },
    ]);
    assert.deepEqual([totals(items).unclaimedManifests, totals(items).unclaimedBlobs], [1, 3]);
  }));

test("a damaged line costs what it names, and what a manifest names is found all the same", () =>
  inFolder(async (root) => {
    const index = await withRegistry({ root, journal: true }, async ({ core }) => {
      const member = await pushImage(core, ["one"]);
      return pushIndex(core, [member], { tags: ["v1"] });
    });
    await loseCatalogue(root);
    const folder = journalDirectory(root);
    const name = (await readdir(folder)).find((one) => one.startsWith("changes-"));
    assert.ok(name !== undefined);
    const lines = (await readFile(join(folder, name), "utf8")).split("\n");
    // Of the journal, only the repository, the index and its tag are left.
    const damaged = lines.map((line) =>
      /"kind":"link"|"kind":"manifest"/.test(line) && !line.includes(index.digest)
        ? line.replace("kind", "kinD")
        : line,
    );
    await writeFile(join(folder, name), damaged.join("\n"));
    const items = await rebuild(root);
    assert.deepEqual(losses(items), [
      { kind: "journal-problem", problem: { kind: "damaged-lines", path: join(folder, name), lines: 3 } },
    ]);
    assert.equal(totals(items).found, 3);
    await withRegistry({ root }, async (registry) => {
      await registry.core.blobs.stat(REPOSITORY, blobOf("one"));
      await expectClean(registry);
    });
  }));

test("a catalogue that can be read stays, unless it may be moved aside; a broken one is moved", () =>
  inFolder(async (root) => {
    await withRegistry({ root, journal: true }, async (registry) => {
      await live(registry);
      await assert.rejects(rebuild(root, { moveAside: true }), /is in use/);
    });
    await assert.rejects(rebuild(root), /--move-aside/);
    await unlink(join(root, "metadata", "CURRENT"));
    const items = await rebuild(root);
    const end = items.at(-1);
    assert.ok(end?.kind === "finished" && end.movedTo !== undefined);
    assert.ok((await readdir(end.movedTo)).length > 0);
    await withRegistry({ root }, (registry) => expectClean(registry));
  }));

test("cursors from before a rebuild have expired", () =>
  inFolder(async (root) => {
    const newest = await withRegistry({ root, journal: true }, async (registry) => {
      await live(registry);
      return registry.context.metadata.lastSequence();
    });
    await loseCatalogue(root);
    await rebuild(root);
    await withRegistry({ root }, async ({ core }) => {
      for (const sequence of [1, newest])
        await assert.rejects(core.events.resolve({ kind: "after", sequence }), has("CURSOR_EXPIRED"));
    });
  }));

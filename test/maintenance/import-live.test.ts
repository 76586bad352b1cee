// A tree that its registry changes while it is read, and imports that are broken off.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { linkKey, manifestsOf } from "../../src/metadata/keys.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import { parseRepositoryName } from "../../src/oci/reference.ts";
import { Random } from "../support/random.ts";
import type { DistributionTree, WrittenImage } from "./distribution-tree.ts";
import { type ImportBench, withImport } from "./import-bench.ts";

const REPOSITORIES = ["live/a", "live/b", "live/b/c"].map(parseRepositoryName);
const TAGS = ["v1", "v2", "latest"];

/** How long the tree is changed, in milliseconds. */
const LIVE_MS = 1500;

test("a tree that is pushed to, deleted from and collected meanwhile is imported without half an image", () =>
  withImport(async (bench) => {
    const { tree, run } = bench;
    await tree.image("live/a", "first", ["v1"]);
    const end = Date.now() + LIVE_MS;
    const changing = change(tree, end);
    let runs = 0;
    while (Date.now() < end) {
      await run();
      runs += 1;
      await demandWholeImages(bench);
    }
    const tags = await changing;
    const { findings } = await run();
    // What was deleted there and then collected leaves links that lead nowhere, as in the old registry.
    assert.ok(findings.every(({ kind }) => ["dangling-link", "manifest", "tag"].includes(kind)));
    await demandWholeImages(bench);
    for (const [name, image] of tags) {
      const [repository = "", tag = ""] = name.split(":");
      assert.equal(await bench.digestOfTag(repository, tag), image.digest, name);
    }
    assert.ok(runs > 0 && tags.size > 0);
  }));

/** Pushes images, moves tags, and removes the layers of untagged images; resolves to what the tags point to in the end. */
async function change(tree: DistributionTree, end: number): Promise<Map<string, WrittenImage>> {
  const chance = new Random("import");
  const tags = new Map<string, WrittenImage>();
  for (let count = 0; Date.now() < end; count++) {
    const repository = chance.pick(REPOSITORIES);
    const tag = chance.pick(TAGS);
    const name = `${repository}:${tag}`;
    const before = tags.get(name);
    tags.set(name, await tree.image(repository, `image ${count}`, [tag]));
    const isTagged = [...tags.values()].some(({ digest }) => digest === before?.digest);
    if (before !== undefined && !isTagged && chance.chance(0.5))
      await tree.remove(tree.blobPath(before.layer));
    await wait(chance.integer(0, 3));
  }
  return tags;
}

/** Each manifest here has all its blobs, linked and with the right bytes. */
async function demandWholeImages({ context }: ImportBench): Promise<void> {
  for (const repository of REPOSITORIES) {
    const manifests = await context.metadata.page(manifestsOf(repository), { limit: 10_000 });
    for (const { name } of manifests) {
      const content = await context.blobs.get(name as WrittenImage["digest"]);
      assert.ok(content !== undefined);
      for (const { digest } of parseManifest(content, "").blobs) {
        assert.ok(await context.metadata.get(linkKey(repository, digest)), `${repository} lacks ${digest}`);
        const bytes = await context.blobs.get(digest);
        assert.equal(bytes && digestOf(bytes), digest);
      }
    }
  }
}

test("an import that is told to stop says so, and the next one goes on", () =>
  withImport(async ({ tree, run }) => {
    for (let count = 0; count < 20; count++) await tree.image(`r/${count}`, `image ${count}`, ["v1"]);
    const stop = new AbortController();
    const chooses = (name: string) => {
      if (name === "r/5") stop.abort();
      return true;
    };
    const first = await run({ chooses }, stop.signal);
    assert.equal(first.interrupted, true);
    assert.ok(first.counts.tags < 20);
    const second = await run();
    assert.equal(second.interrupted, false);
    assert.deepEqual(second.findings, []);
    assert.equal(second.counts.tags + second.counts.present.tags, 20);
    assert.ok(second.counts.present.tags >= first.counts.tags);
  }));

test("an import that nobody listens to any more ends", () =>
  withImport(async ({ tree, start, run }) => {
    for (let count = 0; count < 20; count++) await tree.image(`r/${count}`, `image ${count}`, [":"]);
    for await (const item of start()) if (item.kind === "finding") break;
    for (let count = 0; count < 20; count++) await tree.image(`r/${count}`, `image ${count}`, ["v1"]);
    const { counts } = await run();
    assert.equal(counts.tags, 20);
  }));

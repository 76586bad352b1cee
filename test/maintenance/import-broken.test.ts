// What is wrong in a tree is named with its path, and everything else is imported.
import assert from "node:assert/strict";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { FindingKind } from "../../src/maintenance/import/findings.ts";
import { digestHex, digestOf, parseDigest } from "../../src/oci/digest.ts";
import type { DistributionTree, WrittenImage } from "./distribution-tree.ts";
import { type ImportBench, withImport } from "./import-bench.ts";

const NOWHERE = parseDigest(`sha256:${"0".repeat(64)}`);
const APP = "acme/app";

interface Breakage {
  readonly name: string;
  /** Breaks something of the image; resolves to the path that must be named. */
  readonly damage: (tree: DistributionTree, image: WrittenImage) => Promise<string>;
  readonly kind: FindingKind;
  readonly reason: RegExp;
  /** True: nothing is lost by it. */
  readonly isNote?: true;
  /** What else is said, because of it. */
  readonly also?: readonly FindingKind[];
  /** Whether the image's tag is imported all the same. */
  readonly isImported: boolean;
}

const wrongBytes = digestOf(Buffer.from("other"));

const BREAKAGES: readonly Breakage[] = [
  {
    name: "an empty link of a tag",
    damage: async (tree) => rewrite(tree, tree.tagLink(APP, "v1"), ""),
    kind: "broken-link",
    reason: /the link is empty/,
    isImported: false,
  },
  {
    name: "a link of a tag that holds no digest",
    damage: async (tree) => rewrite(tree, tree.tagLink(APP, "v1"), "sha256:xyz"),
    kind: "broken-link",
    reason: /holds "sha256:xyz"/,
    isImported: false,
  },
  {
    name: "a tag without a link",
    damage: async (tree) => removed(tree, tree.tagLink(APP, "v1")),
    kind: "broken-link",
    reason: /points to nothing/,
    isImported: false,
  },
  {
    name: "a tag to nothing",
    damage: async (tree) => rewrite(tree, tree.tagLink(APP, "v1"), NOWHERE),
    kind: "tag",
    reason: /left out: sha256:0000/,
    isImported: false,
  },
  {
    name: "a manifest whose bytes are gone",
    damage: async (tree, { digest }) => {
      await tree.remove(tree.blobPath(digest));
      return tree.revisionLink(APP, digest);
    },
    kind: "dangling-link",
    reason: /are not there/,
    also: ["tag"],
    isImported: false,
  },
  {
    name: "an empty link of a manifest",
    damage: async (tree, { digest }) => rewrite(tree, tree.revisionLink(APP, digest), ""),
    kind: "broken-link",
    reason: /the link is empty/,
    also: ["tag"],
    isImported: false,
  },
  {
    name: "an empty link of a manifest, with one of 2.1.0",
    damage: async (tree, { digest }) => {
      await tree.write(tree.layerLink(APP, digest), digest);
      return rewrite(tree, tree.revisionLink(APP, digest), "");
    },
    kind: "broken-link",
    reason: /the link among the layers is used/,
    isNote: true,
    isImported: true,
  },
  {
    name: "a manifest with other bytes",
    damage: async (tree, { digest }) => {
      await tree.write(tree.blobPath(digest), "other");
      return tree.revisionLink(APP, digest);
    },
    kind: "wrong-bytes",
    reason: new RegExp(wrongBytes),
    also: ["tag"],
    isImported: false,
  },
  {
    name: "a link of a manifest to another one",
    damage: async (tree, { digest }) => {
      const other = await tree.blob("{}");
      return rewrite(tree, tree.revisionLink(APP, digest), other);
    },
    kind: "broken-link",
    reason: /which is not sha256:/,
    also: ["tag"],
    isImported: false,
  },
  {
    name: "a layer that is cut short",
    damage: async (tree, { layer }) => {
      await tree.write(tree.blobPath(layer), "lay");
      return tree.layerLink(APP, layer);
    },
    kind: "wrong-bytes",
    reason: /its 3 bytes have the digest/,
    also: ["manifest", "tag"],
    isImported: false,
  },
  {
    name: "a layer that is gone",
    damage: async (tree, { layer }) => {
      await tree.remove(tree.blobPath(layer));
      return tree.layerLink(APP, layer);
    },
    kind: "dangling-link",
    reason: /are not there/,
    also: ["manifest", "tag"],
    isImported: false,
  },
  {
    name: "an empty link of a layer",
    damage: async (tree, { layer }) => rewrite(tree, tree.layerLink(APP, layer), ""),
    kind: "broken-link",
    reason: /the link is empty/,
    also: ["manifest", "tag"],
    isImported: false,
  },
  {
    name: "a layer that the repository does not link",
    damage: async (tree, { layer, digest }) => {
      await tree.remove(tree.layerLink(APP, layer));
      return tree.revisionLink(APP, digest);
    },
    kind: "manifest",
    reason: /is not in repository "acme\/app"/,
    also: ["tag"],
    isImported: false,
  },
  {
    name: "a directory where a layer's bytes should be",
    damage: async (tree, { layer }) => {
      await tree.remove(tree.blobPath(layer));
      await mkdir(tree.blobPath(layer));
      return tree.layerLink(APP, layer);
    },
    kind: "unreadable",
    reason: /cannot be read/,
    also: ["manifest", "tag"],
    isImported: false,
  },
  {
    name: "a link to a layer that nothing needs and the old garbage collection took",
    damage: async (tree) => {
      const path = tree.layerLink(APP, NOWHERE);
      await tree.write(path, NOWHERE);
      return path;
    },
    kind: "dangling-link",
    reason: /are not there/,
    isNote: true,
    isImported: true,
  },
  {
    name: "a document that is no manifest",
    damage: async (tree) => {
      const { digest } = await tree.manifest(APP, "not JSON");
      return tree.revisionLink(APP, digest);
    },
    kind: "manifest",
    reason: /cannot be understood: the manifest is not JSON/,
    isImported: true,
  },
  {
    name: "an algorithm that nobody knows",
    damage: async (tree) => {
      await tree.write(tree.path(APP, "_layers/md5/0123/link"), "md5:0123");
      return tree.path(APP, "_layers/md5");
    },
    kind: "algorithm",
    reason: /"md5"/,
    isImported: true,
  },
  {
    name: "a directory that is no digest",
    damage: async (tree) => {
      await tree.write(tree.path(APP, "_layers/sha256/abc/link"), "sha256:abc");
      return tree.path(APP, "_layers/sha256/abc");
    },
    kind: "stray",
    reason: /no digest/,
    isNote: true,
    isImported: true,
  },
  {
    name: "a stray file",
    damage: async (tree) => {
      const path = tree.path(APP, "_layers", ".DS_Store");
      await tree.write(path, "");
      return path;
    },
    kind: "stray",
    reason: /belongs to no/,
    isNote: true,
    isImported: true,
  },
  {
    name: "a repository's name that none can have",
    damage: async (tree) => {
      await tree.image("acme/UPPER", "two", ["v1"]);
      return tree.path("acme/UPPER");
    },
    kind: "name",
    reason: /UPPER/,
    isImported: true,
  },
  {
    name: "a tag's name that none can have",
    damage: async (tree, { digest }) => {
      await tree.tag(APP, "-v1", digest);
      return tree.path(APP, "_manifests/tags/-v1");
    },
    kind: "name",
    reason: /"-v1" cannot be a tag/,
    isImported: true,
  },
  {
    name: "an unfinished upload",
    damage: async (tree) => {
      await tree.write(tree.path(APP, "_uploads/5b0c9ee8/data"), "half");
      return tree.path(APP, "_uploads");
    },
    kind: "upload",
    reason: /1 unfinished upload was left out/,
    isNote: true,
    isImported: true,
  },
];

/** Puts something else there. */
async function rewrite(tree: DistributionTree, path: string, content: string): Promise<string> {
  await tree.write(path, content);
  return path;
}

async function removed(tree: DistributionTree, path: string): Promise<string> {
  await tree.remove(path);
  return path;
}

for (const { name, damage, kind, reason, also = [], isImported, isNote = false } of BREAKAGES)
  test(`${name} is named; the rest is imported`, () =>
    withImport(async ({ tree, run, digestOfTag }) => {
      const image = await tree.image(APP, "one", ["v1"]);
      const other = await tree.image("zeta", "other", ["v1"]);
      const path = await damage(tree, image);
      const { findings } = await run();
      assert.deepEqual(findings.map((finding) => finding.kind).sort(), [kind, ...also].sort());
      const finding = findings.find((one) => one.kind === kind);
      assert.equal(finding?.path, path);
      assert.equal(finding?.level, isNote ? "note" : "problem");
      assert.match(finding?.reason ?? "", reason);
      assert.equal(await digestOfTag(APP, "v1"), isImported ? image.digest : undefined);
      assert.equal(await digestOfTag("zeta", "v1"), other.digest);
    }));

test("what was repaired in the tree is imported the next time", () =>
  withImport(async ({ tree, run, digestOfTag }) => {
    const image = await tree.image(APP, "one", ["v1"]);
    await tree.write(tree.blobPath(image.layer), "broken");
    await run();
    await tree.write(tree.blobPath(image.layer), "layer of one");
    const { findings } = await run();
    assert.deepEqual(findings, []);
    assert.equal(await digestOfTag(APP, "v1"), image.digest);
  }));

test("an index is imported without members that are not there, which is said", () =>
  withImport(async ({ tree, run, digestOfTag }) => {
    const here = await tree.image(APP, "here");
    const gone = await tree.image(APP, "gone");
    const broken = await tree.image(APP, "broken");
    const index = await tree.index(APP, [here, gone, broken], ["v1"]);
    await tree.remove(join(tree.revisionLink(APP, gone.digest), ".."));
    await tree.remove(tree.blobPath(broken.layer));
    const { findings } = await run();
    const sparse = findings.find(({ kind }) => kind === "sparse-index");
    assert.equal(sparse?.digest, index.digest);
    for (const { digest } of [gone, broken]) assert.ok(sparse?.reason.includes(digest));
    assert.ok(!sparse?.reason.includes(here.digest));
    assert.equal(await digestOfTag(APP, "v1"), index.digest);
  }));

test("parts of the tree may be symbolic links; a loop of them ends", () =>
  withImport(async (bench: ImportBench) => {
    const { tree, run, digestOfTag } = bench;
    const image = await tree.image("one/app", "one", ["v1"]);
    await symlink(tree.path("one"), tree.path("two"));
    await symlink(tree.path(""), join(tree.path("one"), "loop"));
    const { findings } = await run();
    assert.equal(await digestOfTag("two/app", "v1"), image.digest);
    assert.deepEqual(
      findings.map(({ path, reason }) => [path, reason]),
      ["one", "two"].map((name) => [
        tree.path(name, "loop"),
        "the symbolic link leads back to where it stands",
      ]),
    );
  }));

test("what is here is read again with `verify`, and replaced where it is wrong", () =>
  withImport(async ({ tree, run, root }) => {
    const image = await tree.image(APP, "one", ["v1"]);
    await run({ copy: true });
    const path = (hex: string) => join(root, "blobs/sha256", hex.slice(0, 2), hex);
    for (const digest of [image.layer, image.digest]) await tree.write(path(digestHex(digest)), "X");
    assert.deepEqual((await run()).findings, []);
    const { findings, counts } = await run({ verify: true });
    assert.deepEqual(findings, []);
    assert.equal(counts.blobs.linked, 1);
    assert.equal(counts.blobs.present, 1);
    for (const digest of [image.layer, image.digest, image.config]) {
      assert.equal(digestOf(await readFile(path(digestHex(digest)))), digest);
    }
  }));

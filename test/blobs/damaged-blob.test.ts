// Blob files that somebody damaged behind the store's back: they are seen as they
// are, put aside, and replaced by whoever brings the right bytes again.
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { FilesystemStores } from "../../src/blobs/filesystem-stores.ts";
import { blobPath, quarantinePath } from "../../src/blobs/paths.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { collect, inChunks, someBytes, toArray } from "../support/byte-streams.ts";
import { openTemporaryStores } from "../support/filesystem-stores.ts";

const ID = "0198c5a2-7f3e-7aaa-8000-000000000001";
const SIZES = [1000, 100_000, 1_000_003];

/** The bytes with one bit turned over. */
function flipped(content: Buffer): Buffer {
  const damaged = Buffer.from(content);
  damaged[Math.floor(content.length / 2)] = (content[Math.floor(content.length / 2)] ?? 0) ^ 1;
  return damaged;
}

/** The ways in which bytes come to be a blob. */
const ways: Readonly<Record<string, (stores: FilesystemStores, content: Buffer) => Promise<unknown>>> = {
  "putting it": ({ blobs }, content) => blobs.put(digestOf(content), content),
  "a commit": async ({ uploads }, content) => {
    await uploads.write(ID, { algorithm: "sha256" }, inChunks(content, 65_536));
    return uploads.commit(ID, digestOf(content));
  },
  "a whole upload at once": ({ uploads }, content) => {
    uploads.begin(ID);
    return uploads.finish(ID, { algorithm: "sha256" }, digestOf(content), inChunks(content, 65_536));
  },
};

for (const [way, bring] of Object.entries(ways)) {
  for (const size of SIZES) {
    test(`${way} replaces wrong bytes of the right size: ${size} bytes`, async () => {
      await using stores = await openTemporaryStores();
      const content = someBytes(size);
      const digest = digestOf(content);
      await stores.blobs.put(digest, content);
      await writeFile(blobPath(stores.root, digest), flipped(content));
      await bring(stores, content);
      assert.ok((await readFile(blobPath(stores.root, digest))).equals(content));
      assert.ok((await collect(stores.blobs.read(digest, { offset: 0 }))).equals(content));
      assert.deepEqual(await readdir(join(stores.root, "tmp")), []);
    });
  }
}

test("a commit that is repeated leaves nothing behind", async () => {
  await using stores = await openTemporaryStores();
  const content = someBytes(100_000);
  await stores.uploads.write(ID, { algorithm: "sha256" }, inChunks(content, 65_536));
  for (let round = 0; round < 3; round++) await stores.uploads.commit(ID, digestOf(content));
  assert.deepEqual(await readdir(join(stores.root, "tmp")), []);
});

test("what is remembered of a blob does not hide how it lies there", async () => {
  await using stores = await openTemporaryStores();
  const content = someBytes(1000);
  const digest = digestOf(content);
  await stores.blobs.put(digest, content);
  await collect(stores.blobs.read(digest, { offset: 0 }));
  await writeFile(blobPath(stores.root, digest), "short");
  assert.equal((await stores.blobs.inspect(digest))?.size, 5);
  assert.equal(String(await collect(stores.blobs.readStored(digest))), "short");
});

test("the bytes of a blob in quarantine are kept aside, also over a restart", async () => {
  await using stores = await openTemporaryStores();
  const content = someBytes(1000);
  const digest = digestOf(content);
  await stores.blobs.put(digest, content);
  await writeFile(blobPath(stores.root, digest), flipped(content));
  await stores.blobs.quarantine(digest);
  await stores.reopen();
  assert.ok((await readFile(quarantinePath(stores.root, digest))).equals(flipped(content)));
});

test("files that can be no blob and no upload are strays, and can be removed", async () => {
  await using stores = await openTemporaryStores();
  const content = someBytes(1000);
  const digest = digestOf(content);
  await stores.blobs.put(digest, content);
  await stores.uploads.write(ID, { algorithm: "sha256" }, inChunks(content, 1000));
  const [shard = ""] = await readdir(join(stores.root, "blobs", "sha256"));
  await mkdir(join(stores.root, "blobs", "sha256", "lost+found"));
  const paths = [
    "blobs/README",
    "blobs/sha256/lost+found",
    `blobs/sha256/${shard}/${"0".repeat(64)}`,
    `blobs/sha256/${shard}/x.part`,
    "uploads/.nfs0001",
    "tmp/left",
  ];
  for (const path of paths.filter((name) => !name.endsWith("found")))
    await writeFile(join(stores.root, path), "x");
  const strays = await toArray(stores.blobs.strays());
  assert.deepEqual(strays.map(({ path }) => path).sort(), paths.sort());
  for (const { path } of strays) assert.equal(await stores.blobs.removeStray(path), true);
  assert.equal(await stores.blobs.removeStray("tmp/left"), false);
  assert.deepEqual(await toArray(stores.blobs.strays()), []);
  assert.equal(await stores.blobs.stat(digest), content.length);
});

test("a stray directory with something in it is left alone", async () => {
  await using stores = await openTemporaryStores();
  await mkdir(join(stores.root, "tmp", "theirs"));
  await writeFile(join(stores.root, "tmp", "theirs", "file"), "x");
  assert.equal(await stores.blobs.removeStray("tmp/theirs"), false);
  await stores.blobs.removeStray("tmp/theirs/file");
  assert.equal(await stores.blobs.removeStray("tmp/theirs"), true);
});

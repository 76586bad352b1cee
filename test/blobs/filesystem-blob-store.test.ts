import assert from "node:assert/strict";
import { readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { openFilesystemStores } from "../../src/blobs/filesystem-stores.ts";
import { blobPath, temporaryDirectory } from "../../src/blobs/paths.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { blobInspectionContract } from "../contract/blob-inspection-contract.ts";
import { type BlobStoreBody, blobStoreContract } from "../contract/blob-store-contract.ts";
import { collect, someBytes } from "../support/byte-streams.ts";
import { openTemporaryStores } from "../support/filesystem-stores.ts";
import { openFilesBelow } from "../support/open-files.ts";

const LARGE = someBytes(1_000_003);

const filesystem: BlobStoreBody = {
  name: "filesystem",
  open: async () => {
    const stores = await openTemporaryStores();
    return {
      blobs: stores.blobs,
      openFiles: () => openFilesBelow(join(stores.root, "blobs")),
      close: stores.close,
    };
  },
};

blobStoreContract(filesystem);
blobInspectionContract(filesystem);

test("a blob lies in one file, at the place that paths.ts draws", async () => {
  await using stores = await openTemporaryStores();
  for (const algorithm of ["sha256", "sha512"] as const) {
    const digest = digestOf(LARGE, algorithm);
    await stores.blobs.put(digest, LARGE);
    const hex = digest.slice(7);
    const path = join(stores.root, "blobs", algorithm, hex.slice(0, 2), hex);
    assert.ok((await readFile(path)).equals(LARGE));
  }
  assert.deepEqual(await readdir(join(stores.root, "tmp")), []);
});

test("opening removes what a crash left half written", async () => {
  await using stores = await openTemporaryStores();
  const left = join(temporaryDirectory(stores.root), "1");
  await writeFile(left, "half");
  const { blobs } = await stores.reopen();
  assert.deepEqual(await readdir(temporaryDirectory(stores.root)), []);
  await blobs.put(digestOf(LARGE), LARGE);
  assert.equal(await blobs.stat(digestOf(LARGE)), LARGE.length);
});

test("blobs are here again after a restart", async () => {
  await using stores = await openTemporaryStores();
  const digest = digestOf(LARGE);
  await stores.blobs.put(digest, LARGE);
  const { blobs } = await stores.reopen();
  assert.ok((await collect(blobs.read(digest, { offset: 0 }))).equals(LARGE));
});

test("a file that gets shorter while it is read is an error, and is closed", async () => {
  await using stores = await openTemporaryStores();
  const digest = digestOf(LARGE);
  await stores.blobs.put(digest, LARGE);
  const reading = stores.blobs.read(digest, { offset: 0 })[Symbol.asyncIterator]();
  await reading.next();
  await truncate(blobPath(stores.root, digest), 100);
  const readOn = async () => {
    while (!(await reading.next()).done);
  };
  await assert.rejects(readOn(), { name: "Error", message: /ends at byte/ });
  assert.deepEqual(await openFilesBelow(stores.root), []);
});

test("a damaged small blob is not kept in memory, and putting it again repairs it", async () => {
  await using stores = await openTemporaryStores();
  const content = someBytes(500);
  const digest = digestOf(content);
  await stores.blobs.put(digest, content);
  await truncate(blobPath(stores.root, digest), 400);
  assert.equal((await collect(stores.blobs.read(digest, { offset: 0 }))).length, 400);
  await stores.blobs.put(digest, content);
  assert.ok((await collect(stores.blobs.read(digest, { offset: 0 }))).equals(content));
});

test("a small blob that is read again needs no file", async () => {
  await using stores = await openTemporaryStores();
  const content = someBytes(500);
  const digest = digestOf(content);
  await stores.blobs.put(digest, content);
  await collect(stores.blobs.read(digest, { offset: 0 }));
  await truncate(blobPath(stores.root, digest), 0);
  assert.ok((await collect(stores.blobs.read(digest, { offset: 0 }))).equals(content));
});

test("what is being read stays readable when it is deleted", async () => {
  await using stores = await openTemporaryStores();
  const digest = digestOf(LARGE);
  await stores.blobs.put(digest, LARGE);
  const reading = stores.blobs.read(digest, { offset: 0 })[Symbol.asyncIterator]();
  const first = await reading.next();
  assert.ok(!first.done);
  const start = Buffer.from(first.value);
  await stores.blobs.delete(digest);
  const rest = await collect({ [Symbol.asyncIterator]: () => reading });
  assert.ok(Buffer.concat([start, rest]).equals(LARGE));
  assert.equal(await stores.blobs.stat(digest), undefined);
});

test("list passes over files that are not blobs", async () => {
  await using stores = await openTemporaryStores();
  const digest = digestOf(LARGE);
  await stores.blobs.put(digest, LARGE);
  await stores.blobs.delete(digest);
  await writeFile(join(stores.root, "blobs", "sha256", "notes.txt"), "");
  await writeFile(join(dirname(blobPath(stores.root, digest)), "lost+found"), "");
  for await (const blob of stores.blobs.list()) assert.fail(`listed ${blob.digest}`);
});

test("a root that cannot be made is an error that the caller sees", async () => {
  await using stores = await openTemporaryStores();
  await writeFile(join(stores.root, "file"), "");
  await assert.rejects(openFilesystemStores({ root: join(stores.root, "file", "below"), now: Date.now }), {
    code: "ENOTDIR",
  });
});

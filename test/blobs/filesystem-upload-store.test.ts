import assert from "node:assert/strict";
import { appendFile, link, mkdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { blobPath } from "../../src/blobs/paths.ts";
import { digestOf } from "../../src/oci/digest.ts";
import type { OpenUploadStore } from "../contract/upload-store-body.ts";
import { uploadStoreContract } from "../contract/upload-store-contract.ts";
import { collect, inChunks, someBytes, thenFail, toArray } from "../support/byte-streams.ts";
import { openTemporaryStores, type TemporaryStores } from "../support/filesystem-stores.ts";
import { openFilesBelow } from "../support/open-files.ts";

const ID = "0198c5a2-7f3e-7aaa-8000-000000000001";
const CONTENT = someBytes(700_001);
const DIGEST = digestOf(CONTENT);
const SHA256 = { algorithm: "sha256" } as const;

uploadStoreContract({
  name: "filesystem",
  durable: true,
  open: async () => describeStores(await openTemporaryStores()),
});

function describeStores(stores: TemporaryStores): OpenUploadStore {
  const reopen = async () => describeStores(await stores.reopen());
  return { uploads: stores.uploads, blobs: stores.blobs, reopen, close: stores.close };
}

test("what came before the chunks threw is in the file, byte for byte", async () => {
  await using stores = await openTemporaryStores();
  const broken = stores.uploads.write(ID, SHA256, thenFail(CONTENT.subarray(0, 300_001), new Error("lost")));
  await assert.rejects(broken, /lost/);
  assert.ok((await readFile(join(stores.root, "uploads", ID))).equals(CONTENT.subarray(0, 300_001)));
});

test("a crash while writing loses no byte that is in the file", async () => {
  await using stores = await openTemporaryStores();
  await stores.uploads.write(ID, SHA256, inChunks(CONTENT.subarray(0, 100_000), 65_536));
  await appendFile(join(stores.root, "uploads", ID), CONTENT.subarray(100_000, 123_456));
  const { uploads } = await stores.reopen();
  assert.equal(await uploads.size(ID), 123_456);
  await uploads.write(ID, { ...SHA256, offset: 123_456 }, inChunks(CONTENT.subarray(123_456), 65_536));
  assert.equal(await uploads.commit(ID, DIGEST), CONTENT.length);
});

test("a crash between commit and discard leaves both, and the commit can be repeated", async () => {
  await using stores = await openTemporaryStores();
  await stores.uploads.write(ID, SHA256, inChunks(CONTENT, 65_536));
  await link(join(stores.root, "uploads", ID), await placeOf(stores.root));
  const { uploads, blobs } = await stores.reopen();
  assert.equal(await uploads.commit(ID, DIGEST), CONTENT.length);
  await uploads.discard(ID);
  assert.ok((await collect(blobs.read(DIGEST, { offset: 0 }))).equals(CONTENT));
  assert.equal((await stat(blobPath(stores.root, DIGEST))).nlink, 1);
});

test("an upload that goes on after such a crash gets a file of its own", async () => {
  await using stores = await openTemporaryStores();
  await stores.uploads.write(ID, SHA256, inChunks(CONTENT, 65_536));
  await stores.uploads.commit(ID, DIGEST);
  const { uploads, blobs } = await stores.reopen();
  const more = someBytes(5000, 2);
  await uploads.write(ID, SHA256, inChunks(more, 1000));
  assert.ok((await collect(blobs.read(DIGEST, { offset: 0 }))).equals(CONTENT));
  const whole = Buffer.concat([CONTENT, more]);
  assert.equal(await uploads.commit(ID, digestOf(whole)), whole.length);
  assert.ok((await collect(blobs.read(digestOf(whole), { offset: 0 }))).equals(whole));
});

test("a committed upload shares its bytes with the blob", async () => {
  await using stores = await openTemporaryStores();
  await stores.uploads.write(ID, SHA256, inChunks(CONTENT, 65_536));
  await stores.uploads.commit(ID, DIGEST);
  const [upload, blob] = await Promise.all([
    stat(join(stores.root, "uploads", ID)),
    stat(blobPath(stores.root, DIGEST)),
  ]);
  assert.equal(upload.ino, blob.ino);
});

test("a damaged blob is replaced by the next commit of its bytes", async () => {
  await using stores = await openTemporaryStores();
  await stores.uploads.write(ID, SHA256, inChunks(CONTENT, 65_536));
  await appendFile(await placeOf(stores.root), CONTENT.subarray(0, 9));
  await stores.uploads.commit(ID, DIGEST);
  assert.ok((await readFile(blobPath(stores.root, DIGEST))).equals(CONTENT));
});

test("files of idle uploads are open, but not all of many, and each upload goes on", async () => {
  await using stores = await openTemporaryStores();
  const { uploads, root } = stores;
  const ids = Array.from({ length: 300 }, (_, index) => `upload-${index}`);
  for (const id of ids) await uploads.write(id, SHA256, inChunks(CONTENT.subarray(0, 700), 500));
  assert.ok((await openFilesBelow(root)).length <= 256);
  for (const id of ids)
    await uploads.write(id, { ...SHA256, offset: 700 }, inChunks(CONTENT.subarray(700, 1000), 500));
  for (const id of ids) assert.equal(await uploads.commit(id, digestOf(CONTENT.subarray(0, 1000))), 1000);
  for (const id of ids) await uploads.discard(id);
  assert.deepEqual(await openFilesBelow(root), []);
});

test("nothing is open after close", async () => {
  await using stores = await openTemporaryStores();
  await stores.uploads.write(ID, SHA256, inChunks(CONTENT, 65_536));
  await stores.uploads.commit(ID, DIGEST);
  const { root, reopen } = stores;
  assert.equal((await openFilesBelow(root)).length, 1);
  await reopen();
  assert.deepEqual(await openFilesBelow(root), []);
});

test("directories among the uploads and temporary files are left alone by the next start", async () => {
  await using stores = await openTemporaryStores();
  const paths = [join(stores.root, "uploads", ID), join(stores.root, "tmp", "1")];
  for (const path of paths) await mkdir(path);
  await appendFile(join(stores.root, "tmp", "2"), "left by a crash");
  const { uploads } = await stores.reopen();
  assert.deepEqual(await toArray(uploads.list()), []);
  for (const path of paths) assert.ok((await stat(path)).isDirectory());
  await assert.rejects(stat(join(stores.root, "tmp", "2")), { code: "ENOENT" });
});

test("a long upload, synced on the way, is whole", async () => {
  await using stores = await openTemporaryStores();
  const long = someBytes(21_000_001);
  await stores.uploads.write(ID, SHA256, inChunks(long, 65_536));
  await stores.uploads.commit(ID, digestOf(long));
  assert.equal(digestOf(await readFile(blobPath(stores.root, digestOf(long)))), digestOf(long));
});

test("parts that begin anywhere, some of them past the page cache, make one whole", async () => {
  await using stores = await openTemporaryStores();
  const content = someBytes(5_000_003);
  const ends = [1, 100_001, 1_500_000, 1_500_003, 4_096_000, content.length];
  let offset = 0;
  for (const end of ends) {
    const part = inChunks(content.subarray(offset, end), 50_000);
    offset = await stores.uploads.write(ID, { ...SHA256, offset }, part);
    assert.equal(offset, end);
  }
  await stores.uploads.commit(ID, digestOf(content));
  assert.equal(digestOf(await readFile(blobPath(stores.root, digestOf(content)))), digestOf(content));
});

/** The blob's path, below a directory that exists. */
async function placeOf(root: string): Promise<string> {
  const path = blobPath(root, DIGEST);
  await mkdir(dirname(path), { recursive: true });
  return path;
}

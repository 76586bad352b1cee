// A cellar whose disk is full or read-only: the reason is told, what was there stays,
// and it works again as soon as it can, without a restart.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { temporaryDirectory } from "../../src/blobs/paths.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { collect, inChunks, someBytes } from "../support/byte-streams.ts";
import { openTemporaryStores, type TemporaryStores } from "../support/filesystem-stores.ts";
import { SmallDisk, whyNoSmallDisk } from "../support/small-disk.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const ID = "0198c5a2-7f3e-7aaa-8000-000000000001";
const MEGABYTE = 1024 * 1024;
const CONTENT = someBytes(12 * MEGABYTE + 1);
const SHA256 = { algorithm: "sha256" } as const;
const FULL = { code: "INSUFFICIENT_STORAGE" };

describe("on a small disk", { skip: whyNoSmallDisk(), timeout: 60_000 }, () => {
  let directory: string;
  let disk: SmallDisk;
  let stores: TemporaryStores;

  beforeEach(async () => {
    directory = await makeTemporaryDirectory();
    disk = await SmallDisk.mount(directory, 32);
    stores = await openTemporaryStores(join(disk.path, "data"));
  });
  afterEach(async () => {
    try {
      await stores.close();
    } finally {
      await removeTemporaryDirectory(directory);
    }
  });

  test("an upload that does not fit keeps its place, and goes on when there is space", async () => {
    const { uploads, blobs } = stores;
    await disk.fill(25 * MEGABYTE);
    await assert.rejects(uploads.write(ID, SHA256, inChunks(CONTENT, 65_536)), FULL);
    const offset = await uploads.size(ID);
    assert.ok(offset > 4 * MEGABYTE && offset < 8 * MEGABYTE, String(offset));
    const rest = () => inChunks(CONTENT.subarray(offset), 65_536);
    await assert.rejects(uploads.write(ID, { ...SHA256, offset }, rest()), FULL);
    await disk.empty();
    const now = await uploads.size(ID);
    await uploads.write(ID, { ...SHA256, offset: now }, inChunks(CONTENT.subarray(now), 65_536));
    await uploads.commit(ID, digestOf(CONTENT));
    assert.ok((await collect(blobs.read(digestOf(CONTENT), { offset: 0 }))).equals(CONTENT));
  });

  test("a commit needs no space for the bytes", async () => {
    await stores.uploads.write(ID, SHA256, inChunks(CONTENT, 65_536));
    await disk.fill(19 * MEGABYTE);
    assert.equal(await stores.uploads.commit(ID, digestOf(CONTENT)), CONTENT.length);
  });

  test("writing on after a commit, without space for a copy, leaves blob and upload alone", async () => {
    const { uploads, blobs } = stores;
    await uploads.write(ID, SHA256, inChunks(CONTENT, 65_536));
    await uploads.commit(ID, digestOf(CONTENT));
    await disk.fill(15 * MEGABYTE);
    await assert.rejects(uploads.write(ID, SHA256, inChunks(CONTENT, 65_536)), FULL);
    assert.deepEqual(await readdir(temporaryDirectory(stores.root)), []);
    assert.equal(await uploads.commit(ID, digestOf(CONTENT)), CONTENT.length);
    assert.ok((await collect(blobs.read(digestOf(CONTENT), { offset: 0 }))).equals(CONTENT));
  });

  test("a content that does not fit leaves nothing behind, and fits later", async () => {
    const { blobs } = stores;
    await disk.fill(25 * MEGABYTE);
    await assert.rejects(blobs.put(digestOf(CONTENT), CONTENT), (error) => {
      assert.ok(error instanceof RegistryError && error.code === "INSUFFICIENT_STORAGE");
      assert.ok(error.cause instanceof Error && "code" in error.cause && error.cause.code === "ENOSPC");
      assert.ok(!error.message.includes(directory));
      return true;
    });
    assert.equal(await blobs.stat(digestOf(CONTENT)), undefined);
    assert.deepEqual(await readdir(temporaryDirectory(stores.root)), []);
    await disk.empty();
    await blobs.put(digestOf(CONTENT), CONTENT);
    assert.equal(await blobs.stat(digestOf(CONTENT)), CONTENT.length);
  });

  test("on a read-only disk writing is UNAVAILABLE, and reading goes on", async () => {
    const { uploads, blobs } = stores;
    const [here, other] = [someBytes(200_000), someBytes(1000, 2)];
    await blobs.put(digestOf(here), here);
    disk.setWritable(false);
    await assert.rejects(uploads.write(ID, SHA256, inChunks(other, 100)), { code: "UNAVAILABLE" });
    await assert.rejects(blobs.put(digestOf(other), other), { code: "UNAVAILABLE" });
    await assert.rejects(blobs.delete(digestOf(here)), { code: "UNAVAILABLE" });
    assert.ok((await collect(blobs.read(digestOf(here), { offset: 0 }))).equals(here));
    disk.setWritable(true);
    assert.equal(await uploads.write(ID, SHA256, inChunks(other, 100)), 1000);
    await blobs.put(digestOf(other), other);
  });
});

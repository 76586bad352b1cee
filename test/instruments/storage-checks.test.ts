// What the checks say of real disks: full, without files to spare, read-only, hung up.
import assert from "node:assert/strict";
import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { storageChecks } from "../../src/instruments/storage-checks.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { repositoryKey } from "../../src/metadata/keys.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { openMemoryEngine } from "../../src/metadata/memory-engine.ts";
import { put } from "../../src/metadata/metadata-store.ts";
import { parseRepositoryName } from "../../src/oci/reference.ts";
import { SmallDisk, whyNoSmallDisk } from "../support/small-disk.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const MIB = 1024 * 1024;
const PACE = { intervalMs: 10_000, threshold: 1, minFreeBytes: 16 * MIB };
const signal = new AbortController().signal;

test("in memory there is nothing but the catalogue to check", async () => {
  const metadata = new Catalogue(await openMemoryEngine());
  const checks = storageChecks({ ...PACE, metadata, readOnly: false });
  assert.deepEqual(
    checks.map(({ name }) => name),
    ["catalogue"],
  );
  for (const { check } of checks) await check(signal);
  await metadata.close();
});

test("who only reads is not asked to write", async () => {
  const directory = await makeTemporaryDirectory();
  const metadata = new Catalogue(await LevelEngine.open(join(directory, "metadata")));
  const disk = { folder: join(directory, "none"), catalogue: join(directory, "metadata") };
  const checks = storageChecks({ ...PACE, metadata, disk, readOnly: true });
  assert.deepEqual(
    checks.map(({ name }) => name),
    ["catalogue"],
  );
  for (const { check } of checks) await check(signal);
  await metadata.close();
  await removeTemporaryDirectory(directory);
});

describe("on a small disk", { skip: whyNoSmallDisk() }, () => {
  let directory: string;
  let disk: SmallDisk;
  let metadata: Catalogue;
  let place: { readonly folder: string; readonly catalogue: string };

  beforeEach(async () => {
    directory = await makeTemporaryDirectory();
    disk = await SmallDisk.mount(directory, 48);
    place = { folder: disk.path, catalogue: join(disk.path, "metadata") };
    metadata = new Catalogue(await LevelEngine.open(place.catalogue));
  });
  afterEach(async () => {
    await metadata.close();
    await removeTemporaryDirectory(directory);
  });

  /** Name to what is wrong, of those that fail. */
  async function failing(pace: Partial<typeof PACE> = {}): Promise<Record<string, string>> {
    const checks = storageChecks({ ...PACE, ...pace, metadata, disk: place, readOnly: false });
    const found: Record<string, string> = {};
    for (const { name, check } of checks)
      await check(signal).catch((error: Error) => {
        found[name] = error.message;
      });
    return found;
  }

  test("all is well, and nothing is left behind", async () => {
    const before = await readdir(disk.path);
    assert.deepEqual(await failing(), {});
    assert.deepEqual(await readdir(disk.path), before);
  });

  test("it says so while there is still space to write in", async () => {
    await disk.fillUp(8 * MIB);
    const { storage_space: space, ...others } = await failing();
    assert.match(
      space ?? "",
      /nearly full: \d\.\d MiB are free, and health.storagedriver.minfree is 16.0 MiB/,
    );
    assert.deepEqual(others, {});
    await commit(1); // a client sees no error yet
    await disk.empty();
    assert.deepEqual(await failing(), {});
  });

  test("space that comes and goes around the least does not make it well again", async () => {
    const checks = storageChecks({ ...PACE, metadata, disk: place, readOnly: false });
    const space = checks.find(({ name }) => name === "storage_space");
    assert.ok(space);
    await disk.fillUp(17 * MIB);
    await space.check(signal); // it was not low before
    await disk.empty();
    await disk.fillUp(15 * MIB);
    await assert.rejects(space.check(signal), /nearly full: 1[45]\.\d MiB are free/);
    await disk.empty();
    await disk.fillUp(17 * MIB);
    await assert.rejects(space.check(signal), /it is well again from 20\.0 MiB on/);
    await disk.empty();
    await space.check(signal);
  });

  test("on a full one a file cannot be written either", async () => {
    await disk.fillUp();
    const found = await failing({ minFreeBytes: 0 });
    assert.match(found.storagedriver_filesystem ?? "", /no space left on device/);
    assert.deepEqual((await readdir(disk.path)).sort(), ["filler", "metadata"]);
  });

  test("a catalogue that failed to write is brought back by being checked", async () => {
    await disk.fillUp();
    await assert.rejects(
      async () => {
        for (let time = 1; time < 5000; time++) await commit(time);
      },
      { code: "INSUFFICIENT_STORAGE" },
    );
    assert.match((await failing()).catalogue ?? "", /no space/);
    await disk.empty();
    assert.deepEqual(await failing(), {}); // without anybody having pushed
  });

  test("files of another's in the catalogue's place are noticed", async () => {
    await rename(join(place.catalogue, "LOCK"), join(place.catalogue, "LOCK.away"));
    assert.match((await failing()).catalogue ?? "", /folder has gone/);
    await rename(join(place.catalogue, "LOCK.away"), join(place.catalogue, "LOCK"));
    assert.deepEqual(await failing(), {});
  });

  test("a folder that has gone is noticed", async () => {
    place = { ...place, folder: join(disk.path, "gone") };
    assert.match((await failing()).storagedriver_filesystem ?? "", /no such file or directory/);
    assert.match((await failing()).storage_space ?? "", /no such file or directory/);
  });

  async function commit(createTime: number): Promise<void> {
    const key = repositoryKey(parseRepositoryName(`library/r${createTime}`));
    await metadata.commit({ changes: [put(key, { createTime })] });
  }
});

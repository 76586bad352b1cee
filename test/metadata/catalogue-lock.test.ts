// The lock of a catalogue, kept and lost. Looking at it must not be what loses it.
import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { CatalogueLock } from "../../src/metadata/catalogue-lock.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { tryRun } from "../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

let directory: string;
let location: string;
let engine: LevelEngine;

beforeEach(async () => {
  directory = await makeTemporaryDirectory();
  location = join(directory, "catalogue");
  engine = await LevelEngine.open(location);
});
afterEach(async () => {
  await engine.close();
  await removeTemporaryDirectory(directory);
});

const ENGINE = JSON.stringify(new URL("../../src/metadata/level-engine.ts", import.meta.url).href);

/** True when another process can have the catalogue as well. */
async function canBeTaken(): Promise<boolean> {
  const open = `const { LevelEngine } = await import(${ENGINE}); await LevelEngine.open(${JSON.stringify(location)});`;
  const { code, stderr } = await tryRun([process.execPath, "--input-type=module", "-e", open]);
  if (code !== 0) assert.match(stderr, /another stowage runs on this folder/);
  return code === 0;
}

test("it is kept while it is looked at, over and over", async () => {
  const lock = new CatalogueLock(location);
  for (let times = 0; times < 3; times++) await lock.check();
  assert.equal(await canBeTaken(), false);
  await lock.check();
});

test("a file in its place is found, and so is that another process could come in", async () => {
  const lock = new CatalogueLock(location);
  await lock.check();
  await rm(join(location, "LOCK"));
  await assert.rejects(lock.check(), /folder has gone/);
  await writeFile(join(location, "LOCK"), "");
  await assert.rejects(lock.check(), /not locked by this process any more/);
  assert.equal(await canBeTaken(), true);
  await assert.rejects(new CatalogueLock(location).check(), /not locked by this process any more/);
});

test("a folder that was moved away is missed, and found again when it is back", async () => {
  const lock = new CatalogueLock(location);
  await lock.check();
  await rename(location, `${location}.away`);
  await assert.rejects(lock.check(), /folder has gone/);
  await rename(`${location}.away`, location);
  await lock.check();
});

test("another folder in its place is not ours", async () => {
  const lock = new CatalogueLock(location);
  await rename(location, `${location}.away`);
  await mkdir(location);
  await writeFile(join(location, "LOCK"), "");
  await assert.rejects(lock.check(), /not locked by this process any more/);
});

test("a lock that the process gave up by closing the file is lost", {
  skip: process.platform !== "linux",
}, async () => {
  const lock = new CatalogueLock(location);
  await lock.check();
  closeSync(openSync(join(location, "LOCK"), "r")); // what must never happen: POSIX drops the lock
  await assert.rejects(lock.check(), /not locked by this process any more/);
  assert.equal(await canBeTaken(), true);
});

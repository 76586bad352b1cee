// Files that may be replaced while the program runs.
import assert from "node:assert/strict";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { WatchedFile } from "../../src/commands/watched-file.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

let folder: string;

before(async () => {
  folder = await makeTemporaryDirectory();
});

after(() => removeTemporaryDirectory(folder));

test("a file is read again a second later, and what it held last is kept when it is gone", async () => {
  const path = join(folder, "token");
  await writeFile(path, "one");
  let time = 0;
  const errors: unknown[] = [];
  const file = new WatchedFile({ path, now: () => time, onUnreadable: (error) => errors.push(error) });
  await writeFile(`${path}.new`, "two");
  await rename(`${path}.new`, path);
  assert.equal(file.text, "one");
  time = 1000;
  assert.equal(file.text, "two");
  await rm(path);
  for (time of [2000, 3000]) assert.equal(file.text, "two");
  assert.equal(errors.length, 1);
  await writeFile(path, "three");
  time = 4000;
  assert.equal(file.text, "three");
  await rm(path);
  time = 5000;
  assert.equal(file.text, "three");
  assert.equal(errors.length, 2);
});

test("a file that is not there is an error at once", () => {
  const options = { path: join(folder, "none"), now: () => 0, onUnreadable: () => undefined };
  assert.throws(() => new WatchedFile(options), { code: "ENOENT" });
});

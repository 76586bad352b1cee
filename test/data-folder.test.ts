// Where the data is to lie, and cannot.
import assert from "node:assert/strict";
import { stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makeDataFolder } from "../src/data-folder.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "./support/temporary-directory.ts";

const make = (root: string) => makeDataFolder(join(root, "stowage"), root);

const refused = (root: string, reason: RegExp) =>
  assert.rejects(make(root), ({ message }: Error) => {
    assert.ok(message.startsWith(`storage.filesystem.rootdirectory "${root}" cannot be made or written: `));
    assert.match(message, reason);
    return true;
  });

test("the folder is made with all that leads to it, for its owner alone, and kept where it is there", async (t) => {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  const root = join(directory, "a", "b");
  await Promise.all([make(root), make(root)]);
  await make(root);
  assert.equal((await stat(join(root, "stowage"))).mode & 0o777, 0o700);
});

test("what is in its way is told, with the name of the key", async (t) => {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  const file = join(directory, "file");
  await writeFile(file, "");
  await refused(file, /it is not a directory/);
  await refused(join(file, "below"), /it is not a directory/);
  await symlink(join(directory, "nowhere"), join(directory, "dangling"));
  await refused(join(directory, "dangling"), /it is not a directory/);
  await symlink("circle", join(directory, "circle"));
  await refused(join(directory, "circle"), /circle$/);
});

test(
  "where no folder can be made in one that is there, there is an end",
  {
    skip: process.platform !== "linux" && "there is no /proc",
  },
  () => refused("/proc/stowage-registry/data", /no directory can be made there|permission denied/),
);

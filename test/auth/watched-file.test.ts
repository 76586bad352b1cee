// Files that are read again when they change.
import assert from "node:assert/strict";
import { mkdir, rename, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { WatchedFile } from "../../src/auth/watched-file.ts";
import { eventually } from "../support/eventually.ts";
import { run } from "../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

let directory = "";
let path = "";
let reports: string[] = [];
let files: WatchedFile<string>[] = [];

beforeEach(async () => {
  directory = await makeTemporaryDirectory();
  path = join(directory, "words.txt");
  reports = [];
  files = [];
});

afterEach(async () => {
  for (const file of files) file.close();
  await removeTemporaryDirectory(directory);
});

function parse(text: string): string {
  if (text.includes("bad")) throw new Error(`line 1 is bad (${text.length})`);
  return text;
}

async function open(at = path): Promise<WatchedFile<string>> {
  const file = await WatchedFile.open({
    path: at,
    parse,
    report: (message, facts) => reports.push([message, ...Object.values(facts)].join(" | ")),
    intervalMs: 20,
  });
  files.push(file);
  return file;
}

async function replace(text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

const says = (file: WatchedFile<string>, text: string) =>
  eventually(`"${text}"`, async () => (file.current() === text ? true : undefined));

const reported = (count: number) =>
  eventually(`${count} reports`, async () => (reports.length >= count ? true : undefined));

test("a file that is missing, bad, no text or no file is refused with its path and the reason", async () => {
  await assert.rejects(open(), new RegExp(`"${path}" cannot be used: ENOENT`));
  await writeFile(path, "bad");
  await assert.rejects(open(), new RegExp(`"${path}" cannot be used: line 1 is bad`));
  await writeFile(path, Uint8Array.of(0xff, 0xfe, 0x41));
  await assert.rejects(open(), /cannot be used: it is no UTF-8 text/);
  await truncate(path, 17 * 1024 * 1024);
  await assert.rejects(open(), /cannot be used: it has 17825792 bytes; at most 16777216 are allowed/);
  await assert.rejects(open(directory), /cannot be used: it is no regular file/);
  await run(["mkfifo", join(directory, "pipe")]);
  await assert.rejects(open(join(directory, "pipe")), /cannot be used: it is no regular file/);
});

test("a file that was replaced, or written to in place, is read again and listeners are told", async () => {
  await writeFile(path, "one");
  const file = await open();
  const heard: string[] = [];
  const stop = file.onChange(() => heard.push(file.current()));
  assert.equal(file.current(), "one");
  await replace("two");
  await says(file, "two");
  await writeFile(path, "six"); // as long as before
  await says(file, "six");
  assert.deepEqual(heard, ["two", "six"]);
  stop();
  await replace("ten");
  await says(file, "ten");
  assert.equal(heard.length, 2);
  assert.deepEqual(reports, []);
});

test("a replacement that keeps size and time is noticed, too", async () => {
  const time = new Date(1_700_000_000_000);
  await writeFile(path, "one");
  await utimes(path, time, time);
  const file = await open();
  await writeFile(`${path}.new`, "two");
  await utimes(`${path}.new`, time, time);
  await rename(`${path}.new`, path);
  await says(file, "two");
});

test("symbolic links are followed as Kubernetes swaps them", async () => {
  for (const version of ["1", "2"]) {
    await mkdir(join(directory, version));
    await writeFile(join(directory, version, "words.txt"), `version ${version}`);
  }
  await symlink("1", join(directory, "..data"));
  await symlink("..data/words.txt", path);
  const file = await open();
  assert.equal(file.current(), "version 1");
  await symlink("2", join(directory, "..next"));
  await rename(join(directory, "..next"), join(directory, "..data"));
  await says(file, "version 2");
});

test("a file that became bad keeps its last good value and is reported once for each change", async () => {
  await writeFile(path, "good");
  const file = await open();
  await replace("bad secret");
  await reported(1);
  await replace("bad other secret");
  await reported(2);
  assert.equal(file.current(), "good");
  await replace("better");
  await says(file, "better");
  assert.deepEqual(
    reports,
    [10, 16].map(
      (length) =>
        `a file cannot be used any more; what it said before stays in force | ${path} | line 1 is bad (${length})`,
    ),
  );
});

test("a file that vanished keeps its last value, is reported once, and is read when it is back", async () => {
  await writeFile(path, "good");
  const file = await open();
  await rm(path);
  await reported(1);
  assert.equal(file.current(), "good");
  await mkdir(path);
  await reported(2);
  await rm(path, { recursive: true });
  await reported(3);
  await writeFile(path, "back");
  await says(file, "back");
  assert.deepEqual(
    reports.map((text) => /ENOENT|regular/.exec(text)?.[0]),
    ["ENOENT", "regular", "ENOENT"],
  );
});

test("a closed file is left alone", async () => {
  await writeFile(path, "one");
  const [closed, open_] = [await open(), await open()];
  closed.close();
  await replace("two");
  await says(open_, "two");
  assert.equal(closed.current(), "one");
});

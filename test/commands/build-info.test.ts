// What a build writes down, and what is read of it from where it lies.
import assert from "node:assert/strict";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildInfo } from "../../scripts/write-build-info.ts";
import { readBuildInfo } from "../../src/build-info.ts";
import { run } from "../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const COMMIT = "088205d1c5f3a4b5c6d7e8f90123456789abcdef";

function git(status: string): (...args: readonly string[]) => string {
  return (command) => (command === "rev-parse" ? `${COMMIT}\n` : status);
}

const noGit = () => {
  throw new Error("no repository");
};

const now = () => Date.UTC(2026, 10, 21, 20, 31, 53, 999);

test("the commit is the checkout's, and says when files differ from it", () => {
  assert.deepEqual(buildInfo({ environment: {}, git: git(""), now }), {
    commit: COMMIT,
    buildTime: "2026-11-21T20:31:53Z",
  });
  assert.equal(buildInfo({ environment: {}, git: git(" M a\n"), now }).commit, `${COMMIT}-dirty`);
});

test("without a checkout STOWAGE_COMMIT says it, or nobody does", () => {
  assert.equal(buildInfo({ environment: {}, git: noGit, now }).commit, "unknown");
  const environment = { STOWAGE_COMMIT: "abc" };
  assert.equal(buildInfo({ environment, git: noGit, now }).commit, "abc");
  assert.equal(buildInfo({ environment, git: git(""), now }).commit, "abc");
});

test("with SOURCE_DATE_EPOCH every build says the same time", () => {
  const environment = { SOURCE_DATE_EPOCH: "1700000000" };
  const later = () => now() + 5000;
  const builds = [now, later].map((clock) => buildInfo({ environment, git: git(""), now: clock }));
  assert.deepEqual(builds[0], { commit: COMMIT, buildTime: "2023-11-14T22:13:20Z" });
  assert.deepEqual(builds[1], builds[0]);
  const wrong = { SOURCE_DATE_EPOCH: "yesterday" };
  assert.throws(() => buildInfo({ environment: wrong, git: git(""), now }), /SOURCE_DATE_EPOCH must be/);
});

test("a checkout knows its version, and of no build", () => {
  const { version, ...rest } = readBuildInfo();
  assert.match(version, /^\d+\.\d+\.\d+/);
  assert.deepEqual(rest, { commit: "unknown", buildTime: "unknown" });
});

test("what is built knows its commit and its time", async (t) => {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  const built = join(directory, "dist", "src");
  await mkdir(built, { recursive: true });
  await cp(fileURLToPath(new URL("../../src/build-info.ts", import.meta.url)), join(built, "build-info.ts"));
  await writeFile(join(directory, "package.json"), '{"name":"stowage","version":"9.8.7","type":"module"}');
  const told = { commit: COMMIT, buildTime: "2023-11-14T22:13:20Z" };
  await writeFile(join(directory, "dist", "build-info.json"), JSON.stringify(told));
  const module = JSON.stringify(pathToFileURL(join(built, "build-info.ts")).href);
  const print = `console.log(JSON.stringify((await import(${module})).readBuildInfo()))`;
  const { stdout } = await run([process.execPath, "--input-type=module", "-e", print]);
  assert.deepEqual(JSON.parse(stdout), { version: "9.8.7", ...told });
});

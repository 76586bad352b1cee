// stowage rebuild and stowage restore as an operator uses them: the server is down, the
// catalogue is broken.
import assert from "node:assert/strict";
import { cp, mkdir, readdir, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { blobPath } from "../../src/blobs/paths.ts";
import { NOBODY } from "../../src/core/origin.ts";
import { takeSnapshot } from "../../src/maintenance/backup/snapshot.ts";
import { parseTag } from "../../src/oci/reference.ts";
import { blobOf, pushImage, REPOSITORY } from "../core/pictures.ts";
import { inFolder, withRegistry } from "../maintenance/registry-folder.ts";
import { stowage, stowageHere } from "./cli.ts";

interface Case {
  readonly directory: string;
  readonly root: string;
  readonly snapshot: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A registry with two images, the second of which came after a snapshot. */
const withData = (work: (data: Case) => Promise<void>) =>
  inFolder(async (directory) => {
    const [root, snapshot] = [join(directory, "stowage"), join(directory, "catalogue.snapshot")];
    await mkdir(root);
    await withRegistry({ root, journal: true }, async ({ core, context }) => {
      await pushImage(core, ["one"], { tags: ["v1"] });
      const options = { withSecrets: true, now: Date.now, version: "9.9.9" };
      const parts = await Array.fromAsync(takeSnapshot(context.metadata, options));
      await writeFile(
        snapshot,
        Buffer.concat(parts.flatMap((part) => (part.kind === "chunk" ? [part.bytes] : []))),
      );
      await pushImage(core, ["two"], { tags: ["v2"] });
    });
    const environment = { REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: directory };
    await work({ directory, root, snapshot, environment });
  });

async function tagsIn(root: string): Promise<string[]> {
  return withRegistry({ root }, async ({ core }) => {
    const found: string[] = [];
    for (const tag of ["v1", "v2"]) {
      const get = core.manifests.get(REPOSITORY, { kind: "tag", tag: parseTag(tag) }, NOBODY);
      if (
        await get.then(
          () => true,
          () => false,
        )
      )
        found.push(tag);
    }
    return found;
  });
}

test("a broken catalogue keeps the server from starting, and it says what helps", () =>
  withData(async ({ root, environment }) => {
    await unlink(join(root, "metadata", "CURRENT"));
    const { code, stderr } = await stowage(["serve"], { ...environment, REGISTRY_HTTP_ADDR: "127.0.0.1:0" });
    assert.equal(code, 1);
    assert.match(stderr, /CURRENT is missing.*"stowage restore".*"stowage rebuild"/s);
  }));

test("rebuild brings everything back, and says what does not come back", () =>
  withData(async ({ root, environment }) => {
    await unlink(join(root, "metadata", "CURRENT"));
    const { code, stdout, stderr } = await stowageHere(["rebuild", "--verify"], { environment });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.ok(stdout.startsWith(`Working in ${root}\n`), stdout);
    assert.match(stdout, /^Rebuilt 1 repository: 2 manifests \(and 0 in the trash\), 2 tags, 4 links$/m);
    assert.match(stdout, /^Lost or damaged: 0 manifests, 0 tags, 0 blobs$/m);
    assert.match(stdout, /^The catalogue from before is in .*metadata\.broken-/m);
    assert.match(stdout, /^Does not come back: access tokens/m);
    assert.deepEqual(await tagsIn(root), ["v1", "v2"]);
  }));

test("rebuild names what is lost, for programs too", () =>
  withData(async ({ root, environment }) => {
    await rm(join(root, "metadata"), { recursive: true });
    await unlink(blobPath(root, blobOf("one")));
    const { stdout } = await stowageHere(["rebuild", "--json"], { environment });
    const [finding, summary] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual([finding.finding.kind, finding.finding.digest], ["blob-lost", blobOf("one")]);
    assert.deepEqual([summary.summary.lostBlobs, summary.summary.tags], [1, 2]);
  }));

test("a good catalogue is refused, and moved aside when that is asked for", () =>
  withData(async ({ root, snapshot, environment }) => {
    for (const args of [["rebuild"], ["restore", snapshot]]) {
      const refused = await stowageHere(args, { environment });
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /can be read; --move-aside keeps it beside the new one/);
      const moved = await stowageHere([...args, "--move-aside"], { environment });
      assert.deepEqual([moved.code, moved.stderr], [0, ""]);
    }
    const kept = (await readdir(root)).filter((name) => name.startsWith("metadata.broken-"));
    assert.equal(kept.length, 2);
    assert.deepEqual(await tagsIn(root), ["v1"]);
  }));

test("restore says what is missing and what came later", () =>
  withData(async ({ root, snapshot, environment }) => {
    await rm(join(root, "metadata"), { recursive: true });
    await unlink(blobPath(root, blobOf("one")));
    const { code, stdout } = await stowageHere(["restore", snapshot], { environment });
    assert.equal(code, 1);
    assert.ok(stdout.startsWith(`Working in ${root}\nA snapshot of `), stdout);
    assert.match(stdout, /^A snapshot of .* at event 5, by Stowage 9\.9\.9$/m);
    assert.match(stdout, new RegExp(`missing +blob ${blobOf("one")} is missing \\(3 bytes\\)`));
    assert.match(stdout, /needed by a\/b@sha256:[0-9a-f]{64} \(v1\)/);
    assert.match(
      stdout,
      /1 missing\n.*\nRun `stowage fsck --repair` once .* or copy blobs\/ back first\.\n$/is,
    );
    assert.match(stdout, /^Stored, but not in the snapshot: 3 blobs/m);
    assert.match(stdout, /^The journal from before is in .*journal\.before-restore-/m);
    assert.deepEqual(await tagsIn(root), ["v1"]);
  }));

test("a snapshot that was cut is refused and changes nothing", () =>
  withData(async ({ root, directory, snapshot, environment }) => {
    const cut = join(directory, "cut.snapshot");
    const bytes = await readFile(snapshot);
    await writeFile(cut, bytes.subarray(0, bytes.length - 30));
    const before = join(directory, "before");
    await cp(join(root, "metadata"), before, { recursive: true });
    const { code, stdout, stderr } = await stowageHere(["restore", cut, "--move-aside"], { environment });
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /the snapshot cannot be used: it was not written to its end/);
    assert.deepEqual(await tagsIn(root), ["v1", "v2"]);
    const missing = await stowageHere(["restore", join(directory, "nowhere")], { environment });
    assert.equal(missing.code, 1);
    assert.equal(missing.stderr, `stowage: there is no file ${join(directory, "nowhere")}\n`);
  }));

test("of many missing blobs people see twenty, programs all", () =>
  withData(async ({ root, directory, environment }) => {
    const many = join(directory, "many.snapshot");
    await withRegistry({ root, journal: true }, async ({ core, context }) => {
      const layers = Array.from({ length: 25 }, (_, index) => `layer ${index}`);
      await pushImage(core, layers, { tags: ["many"] });
      const options = { withSecrets: true, now: Date.now, version: "9.9.9" };
      const parts = await Array.fromAsync(takeSnapshot(context.metadata, options));
      await writeFile(
        many,
        Buffer.concat(parts.flatMap((part) => (part.kind === "chunk" ? [part.bytes] : []))),
      );
    });
    for (let index = 0; index < 25; index += 1) await unlink(blobPath(root, blobOf(`layer ${index}`)));
    const people = await stowageHere(["restore", many, "--move-aside"], { environment });
    assert.equal(people.code, 1);
    assert.equal(people.stdout.match(/^missing /gm)?.length, 20);
    assert.match(people.stdout, /^and 5 more; --json lists them all$/m);
    const programs = await stowageHere(["restore", many, "--move-aside", "--json"], { environment });
    assert.equal(programs.code, 1);
    const items = programs.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.equal(items[0].folder, root);
    assert.equal(items.filter(({ kind }) => kind === "missing").length, 25);
  }));

test("neither works in a folder that nobody has named", async () => {
  for (const args of [["rebuild"], ["restore", "a.snapshot"]]) {
    for (const environment of [{}, { REGISTRY_STORAGE: "filesystem" }, { REGISTRY_LOG_LEVEL: "info" }]) {
      const { code, stdout, stderr } = await stowageHere(args, { environment });
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, /name the configuration whose data is to be restored: --config FILE/);
    }
  }
});

test("what is kept in memory cannot be brought back", async () => {
  const { code, stderr } = await stowageHere(["rebuild"], { environment: { REGISTRY_STORAGE: "inmemory" } });
  assert.equal(code, 1);
  assert.match(stderr, /in memory/);
});

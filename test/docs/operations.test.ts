// What docs/operations.md and docs/deployment.md say: the scripts are run as they stand, but for names of folders, and what
// they print is what the page shows.
import assert from "node:assert/strict";
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { FORMAT, OLDER_FORMATS } from "../../src/metadata/format.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { CONFINED } from "../deploy/confined.ts";
import { readRules } from "../deploy/monitored.ts";
import { lacking } from "../support/required-tools.ts";
import { GarbageBench, layerOf, type Pushed } from "./garbage-bench.ts";
import { Page } from "./page.ts";
import { showsWhat } from "./sample.ts";

const page = await Page.read("operations.md");
const deployment = await Page.read("deployment.md");

test("every script of the page is run by a test", async () => {
  const text = await readFile(new URL(import.meta.url), "utf8");
  for (const { name } of page.inLanguage("sh")) assert.ok(text.includes(`"${name}"`), name);
});

test("the page says what to do about every alert, and about no other", async () => {
  const { rules } = await readRules();
  const named = [...page.section("When an alert fires").text.matchAll(/\bStowage[A-Z]\w+/g)].map(
    ([name]) => name,
  );
  assert.deepEqual(named.sort(), rules.flatMap(({ alert }) => (alert === undefined ? [] : [alert])).sort());
});

test("the container is run as the test of the image runs it", () => {
  const script = deployment.blocks.find(({ text }) => text.startsWith("podman run"))?.text ?? "";
  for (const option of CONFINED.join(" ").replace(" --network none", "").split(" "))
    assert.ok(script.includes(option), option);
});

test("upgrading.md knows the catalogue's format, and those that become it", async () => {
  const upgrading = await Page.read("upgrading.md");
  assert.match(upgrading.text, new RegExp(`\\| ${FORMAT} \\| ${OLDER_FORMATS.join(" and ")} \\|`));
});

test("the page's configuration is one, without warnings", () => {
  const readText = () => page.named("operations.yml");
  const { warnings } = loadConfig({ environment: {}, readText, path: "operations.yml" });
  assert.deepEqual(warnings, []);
});

suite("docs/operations.md", { skip: lacking("bash", "rsync") }, () => {
  let bench: GarbageBench;
  let v1: Pushed;
  let v2: Pushed;

  before(async () => {
    bench = await GarbageBench.open(page, "operations.yml");
    await cp(join(bench.directory, "config.yml"), join(bench.directory, "operations.yml"));
    v1 = await bench.push("team/app", "v1", { base: 2048, one: 310 });
  });
  after(() => bench[Symbol.asyncDispose]());

  test("backup.sh and restore.sh: an emptied machine has everything again", async () => {
    await bench.run("backup.sh");
    await bench.stop();
    await rm(bench.data, { recursive: true });
    showsWhat(await bench.run("restore.sh"), page.named("restore.txt"));
    await bench.start();
    showsWhat(await bench.run("verify.sh"), page.named("verify.txt"));
    assert.equal(await bench.digest("team/app", "v1"), v1.digest);
    assert.equal(await bench.status("GET", `/v2/team/app/manifests/${v1.digest}`), 200);
    assert.ok(bench.has(layerOf("base", 2048)));
  });

  test("a second backup brings what is new", async () => {
    v2 = await bench.push("team/app", "v2", { base: 2048, two: 40 });
    await bench.run("backup.sh");
    const blobs = (await readdir(join(bench.backup, "blobs"), { recursive: true })).join(" ");
    for (const { digest } of [v1, v2]) assert.ok(blobs.includes(digest.slice("sha256:".length)), digest);
    assert.deepEqual((await readdir(bench.backup)).sort(), ["blobs", "catalogue.stowage"]);
  });

  test("before.sh and back.sh: an upgrade is undone", async () => {
    await bench.run("before.sh");
    await bench.push("team/app", "v3", { base: 2048, three: 10 });
    await bench.stop();
    await bench.run("back.sh");
    await bench.start();
    assert.equal(await bench.digest("team/app", "v3"), undefined);
    assert.equal(await bench.digest("team/app", "v2"), v2.digest);
    assert.ok((await readdir(bench.folder)).some((name) => name.startsWith("metadata.broken-")));
  });

  test("lost-catalogue.sh and rebuild.sh: a catalogue that does not open is replaced", async () => {
    for (const script of ["lost-catalogue.sh", "rebuild.sh"]) {
      await bench.stop();
      await writeFile(join(bench.folder, "metadata/CURRENT"), "rust");
      await assert.rejects(bench.start());
      await bench.run(script);
      await bench.start();
      assert.equal(await bench.digest("team/app", "v2"), v2.digest, script);
    }
  });

  test("lost-blobs.sh: what the backup has comes back, and the next push brings the rest", async () => {
    await bench.push("team/app", "v4", { base: 2048, four: 20 });
    for (const layer of [layerOf("two", 40), layerOf("four", 20)]) await rm(bench.pathOf(layer));
    const told = await bench.run("lost-blobs.sh", {}, { code: 1 });
    assert.match(told, new RegExp(digestOf(layerOf("four", 20))));
    assert.doesNotMatch(told, new RegExp(digestOf(layerOf("two", 40))));
    assert.ok(bench.has(layerOf("two", 40)));
    await bench.push("team/app", "v4", { base: 2048, four: 20 });
    assert.equal(await bench.print("fsck"), "Nothing is wrong.\n");
  });

  test("full.sh gives space back", async () => {
    const v5 = await bench.push("team/app", "v5", { five: 400 });
    await bench.status("DELETE", `/v2/team/app/manifests/${v5.digest}`);
    assert.ok(bench.has(layerOf("five", 400)));
    await bench.run("full.sh");
    assert.ok(!bench.has(layerOf("five", 400)));
  });

  test("second.sh: who comes second does not touch the data", async () => {
    const { code, stderr } = await bench.stowage("fsck", "--offline", "--config", "operations.yml");
    assert.equal(code, 1);
    const [, said = ""] = page.named("second.txt").split("\n");
    assert.ok(said !== "" && stderr.includes(said), stderr);
    assert.ok(page.named("second.sh").includes("stowage fsck --offline --config operations.yml"));
  });
});

// What docs/garbage.md says of deleting, collecting, checking and backups: its scripts are run as they stand, and what they
// print is what the page shows. The rest is in retention.test.ts.
import assert from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { parseDuration } from "../../src/config/duration.ts";
import { KEYS } from "../../src/config/keys.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { stowageHere } from "../commands/cli.ts";
import { eventually } from "../support/eventually.ts";
import { lacking } from "../support/required-tools.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { GarbageBench, layerOf, manifestPath, type Pushed } from "./garbage-bench.ts";
import { Page } from "./page.ts";
import { showsWhat } from "./sample.ts";

const page = await Page.read("garbage.md");
const DAY_MS = 24 * 60 * 60 * 1000;

test("the table in short says the defaults", () => {
  const keys = new Map(KEYS);
  const rows = page.section("In short").rows.filter(([, , key = ""]) => key.startsWith("`storage."));
  for (const [what, howLong = "", key = ""] of rows) {
    const text = String(keys.get(key.replaceAll("`", "") as never)?.default);
    assert.ok(howLong.includes(inWords(parseDuration(text) ?? 0)), `${what}: ${key} is ${text}`);
  }
  assert.equal(rows.length, 4);
  const defaultOf = (path: string) => keys.get(path as never)?.default;
  assert.deepEqual([defaultOf("retention.untagged"), defaultOf("retention.rules")], [undefined, undefined]);
  assert.equal(defaultOf("storage.maintenance.gc.interval"), "1m");
  assert.match(page.text, new RegExp(`${defaultOf("storage.maintenance.gc.rate")} unless you say otherwise`));
});

function inWords(ms: number): string {
  const days = ms / DAY_MS;
  if (days === 1) return "a day";
  return days === 7 ? "a week" : `${days} days`;
}

test("every script of the page is run by a test", async () => {
  const here = ["garbage.test.ts", "retention.test.ts"].map((name) => new URL(name, import.meta.url));
  const tests = (await Promise.all(here.map((file) => readFile(file, "utf8")))).join("");
  for (const { name } of page.inLanguage("sh")) assert.ok(tests.includes(`bench.run("${name}"`), name);
});

suite("docs/garbage.md", { skip: lacking("bash") }, () => {
  for (const { name = "" } of page.inLanguage("yaml")) {
    test(`${name} is a configuration`, async () => {
      const directory = await makeTemporaryDirectory();
      const file = join(directory, name);
      await writeFile(file, page.named(name));
      const { code, stdout, stderr } = await stowageHere(["check-config", file]);
      await removeTemporaryDirectory(directory);
      assert.equal(code, 0, stderr);
      assert.doesNotMatch(stdout, /^(?:warning|has no effect):/m);
    });
  }

  suite("with deleting.yml", () => {
    const BASE = digestOf(layerOf("base", 2048));
    let bench: GarbageBench;
    let v1: Pushed;
    let v2: Pushed;
    let signature: Pushed;

    before(async () => {
      bench = await GarbageBench.open(page, "deleting.yml");
      v1 = await bench.push("team/app", "v1", { base: 2048, one: 310 });
      signature = await bench.sign("team/app", v1);
      await bench.tag("team/app", v1, "latest");
      await bench.setDay(1);
      v2 = await bench.push("team/app", "latest", { base: 2048, two: 415 });
    });
    after(() => bench[Symbol.asyncDispose]());

    test("a manifest that is deleted goes with its tags and its signature, and restore.sh brings all back", async () => {
      assert.equal(await bench.status("DELETE", manifestPath("team/app", v1)), 202);
      for (const { digest } of [v1, signature])
        assert.equal(await bench.status("GET", manifestPath("team/app", { digest })), 404);
      showsWhat(await bench.run("restore.sh", { DIGEST: v1.digest }), page.named("restore.txt"));
      assert.equal(await bench.digest("team/app", "v1"), v1.digest);
      assert.equal(await bench.digest("team/app", signature.digest), signature.digest);
      assert.equal(await bench.digest("team/app", "latest"), v2.digest);
    });

    test("history.sh tells what a tag was, and points it back", async () => {
      const history = await bench.run("history.sh", { DIGEST: v1.digest });
      assert.match(history, new RegExp(`moved +${v1.digest} +${v2.digest}.*made +- +${v1.digest}`, "s"));
      assert.equal(await bench.digest("team/app", "latest"), v1.digest);
      const { code, stderr } = await bench.stowage("tags", "restore", "team/app:latest", "--at", "2h");
      assert.equal(code, 0, stderr);
      assert.equal(await bench.digest("team/app", "latest"), v1.digest, "so it was two hours ago");
    });

    test("explain.sh tells what keeps a tag's manifest, and a layer", async () => {
      await bench.status("DELETE", manifestPath("team/app", v2));
      assert.equal(await bench.status("GET", `/v2/team/app/blobs/${digestOf(layerOf("two", 415))}`), 200);
      showsWhat(await bench.run("explain.sh", { DIGEST: BASE }), page.named("explain.txt"));
    });

    test("space comes back a week and a day after deleting, and gc.sh tells what goes", async () => {
      await bench.restart();
      await bench.setDay(2.1);
      const v3 = await bench.push("team/app", "v3", { base: 2048, three: 530 });
      await bench.status("DELETE", manifestPath("team/app", v3));
      await bench.setDay(7.9);
      assert.match(await bench.print("gc"), /^Nothing was removed/);
      await bench.setDay(8.1);
      assert.match(await bench.print("gc"), /^Removed 1 manifest and 1 blob with/m);
      await bench.setDay(9.05);
      assert.ok(bench.has(layerOf("two", 415)));
      await bench.restart();
      await bench.setDay(9.2);
      showsWhat(await bench.run("gc.sh"), page.named("gc.txt"));
      assert.deepEqual([bench.has(layerOf("two", 415)), bench.has(layerOf("base", 2048))], [false, true]);
    });

    test("now.sh does not wait", async () => {
      const v4 = await bench.push("team/app", "v4", { base: 2048, four: 20 });
      await bench.status("DELETE", manifestPath("team/app", v4));
      await bench.run("now.sh");
      for (const gone of [v4.body, layerOf("three", 530), layerOf("four", 20)]) assert.ok(!bench.has(gone));
      assert.equal(await bench.status("GET", `/v2/team/app/blobs/${BASE}`), 200);
      assert.equal(await bench.print("trash", "list"), "The trash is empty.\n");
    });

    test("deleting a tag takes the tag, nothing else", async () => {
      await bench.tag("team/app", v1, "extra");
      assert.equal(await bench.status("DELETE", "/v2/team/app/manifests/extra"), 202);
      assert.equal(await bench.digest("team/app", "extra"), undefined);
      assert.equal(await bench.digest("team/app", "v1"), v1.digest);
    });

    test("what others need is not deleted, and the answer names them", async () => {
      const [amd64, arm64] = [
        await bench.push("team/multi", "amd64", { base: 2048, amd64: 10 }),
        await bench.push("team/multi", "tmp", { base: 2048, arm64: 10 }),
      ];
      const index = await bench.pushIndex("team/multi", "latest", [amd64, arm64]);
      await bench.status("DELETE", "/v2/team/multi/manifests/tmp");
      const blob = await bench.call("DELETE", `/v2/team/multi/blobs/${BASE}`);
      assert.deepEqual([blob.status, blob.body.includes("BLOB_IN_USE")], [409, true]);
      assert.ok(blob.body.includes(amd64.digest) && blob.body.includes(arm64.digest));
      const member = await bench.call("DELETE", manifestPath("team/multi", arm64));
      assert.deepEqual([member.status, member.body.includes("MANIFEST_IN_USE")], [409, true]);
      assert.ok(member.body.includes(index.digest));

      const attached = await bench.sign("team/multi", index, `${index.digest.replace(":", "-")}.sig`);
      assert.equal(await bench.status("DELETE", manifestPath("team/multi", index)), 202);
      assert.equal(await bench.digest("team/multi", "amd64"), amd64.digest, "it has a tag of its own");
      for (const { digest } of [arm64, attached])
        assert.equal(await bench.digest("team/multi", digest), undefined, "it belonged to the index");
      assert.equal(
        await bench.status("DELETE", `/v2/team/multi/blobs/${digestOf(layerOf("arm64", 10))}`),
        202,
      );

      await bench.status("DELETE", manifestPath("team/multi", amd64));
      await bench.print("trash", "restore", `team/multi@${index.digest}`);
      for (const { digest } of [index, amd64, arm64, attached])
        assert.equal(await bench.digest("team/multi", digest), digest, "an index comes back whole");
    });

    test("pushing the same manifest again takes it out of the trash", async () => {
      const pushed = await bench.push("team/again", "v1", { base: 2048 });
      await bench.status("DELETE", manifestPath("team/again", pushed));
      assert.match(await bench.print("trash", "list", "team/again"), new RegExp(pushed.digest));
      await bench.push("team/again", "v1", { base: 2048 });
      assert.doesNotMatch(await bench.print("trash", "list", "team/again"), /sha256/);
    });

    test("check.sh finds nothing wrong; what is wrong is put aside, and healed by the next push", async () => {
      assert.match(await bench.run("check.sh"), /none damaged.*Nothing is wrong\.\nNothing is wrong\.\n$/s);
      const layer = layerOf("base", 2048);
      await writeFile(bench.pathOf(layer), Buffer.alloc(layer.length, "rust"));
      const { code, stdout } = await bench.stowage("scrub");
      assert.equal(code, 1);
      assert.match(stdout, new RegExp(`${BASE}.*team/again.*team/app`, "s"));
      assert.deepEqual(await readdir(join(bench.folder, "quarantine")), [BASE.replace(":", "-")]);
      assert.equal(await bench.status("GET", `/v2/team/app/blobs/${BASE}`), 404);
      assert.match(await bench.print("events", "--kind", "blob_damaged"), /blob_damaged/);
      await bench.push("team/again", "v1", { base: 2048 });
      assert.equal(await bench.status("GET", `/v2/team/app/blobs/${BASE}`), 200);
    });

    test("a manifest whose file is wrong is written again from the catalogue", async () => {
      await writeFile(bench.pathOf(v1.body), "rust");
      assert.match(await bench.print("scrub", "--restart"), new RegExp(v1.digest));
      assert.deepEqual(await readFile(bench.pathOf(v1.body)), v1.body);
    });

    test("backup.sh and back.sh: a lost catalogue comes back; rebuild.sh: without a backup, too", async () => {
      await bench.run("backup.sh");
      await bench.stop();
      await bench.run("offline.sh");
      await rm(join(bench.folder, "metadata"), { recursive: true });
      await rm(bench.pathOf(layerOf("one", 310)));
      showsWhat(await bench.run("back.sh", {}, { code: 1 }), page.named("back.txt"));
      await bench.start();
      assert.equal(await bench.digest("team/app", "v1"), v1.digest);
      await bench.push("team/app", "v5", { one: 310, five: 10 });
      await eventually("a journal begins", async () =>
        (await readdir(join(bench.folder, "journal")).catch(() => [])).some((name) =>
          name.startsWith("checkpoint-"),
        )
          ? true
          : undefined,
      );
      await bench.stop();
      await rm(join(bench.folder, "metadata"), { recursive: true });
      await bench.run("rebuild.sh");
      await bench.start();
      for (const tag of ["v1", "latest"]) assert.equal(await bench.digest("team/app", tag), v1.digest);
      assert.notEqual(await bench.digest("team/app", "v5"), undefined);
      assert.equal(await bench.print("fsck"), "Nothing is wrong.\n");
    });

    test("a catalogue that can be read is left alone", async () => {
      await bench.stop();
      for (const command of [["restore", "backup.stowage"], ["rebuild"]]) {
        const { code, stderr } = await bench.stowage(...command, "--config", "config.yml");
        assert.deepEqual([code, stderr.includes("--move-aside")], [1, true], stderr);
      }
    });
  });
});

// The data opened by a command: it is let go of in good order, also when a signal comes.
import assert from "node:assert/strict";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { RunningCommand, stowageHere } from "./cli.ts";
import { blobOf, KeeperBench } from "./keeper-bench.ts";

test("Ctrl-C ends work on the data; it is closed, and the same command goes on", async () => {
  await using bench = await KeeperBench.open();
  await bench.push("acme/app", "v1", ["layer ".repeat(200_000)]);
  await bench.stop();
  const { environment } = bench;
  // LevelDB begins this file anew when it has the lock. Asking for the lock might take it.
  const log = join(bench.folder, "data/stowage/metadata/LOG");
  const before = (await stat(log)).ino;
  await using command = new RunningCommand(["scrub", "--offline", "--rate", "1"], environment);
  await eventually("the command opening the data", async () => {
    const { ino } = await stat(log).catch(() => ({ ino: before }));
    return ino === before ? undefined : true;
  });
  const { stderr } = await stowageHere(["gc", "--offline"], { environment });
  assert.match(stderr, /another process has this data open/);
  command.signal("SIGINT");
  assert.equal(await command.exit(), 1);
  assert.equal(command.errors, "stowage: interrupted; stowage scrub goes on from here\n");
  assert.match(await bench.print("scrub", "--rate", "0"), /none damaged\.$/m);
  assert.match(await bench.print("gc", "status"), /^ {2}scrub +done /m);
});

test("what is done offline is what a server then has, with its events", async () => {
  await using bench = await KeeperBench.open();
  const digest = await bench.push("acme/app", "v1", ["one"]);
  await bench.delete("acme/app", digest);
  await bench.stop();
  await bench.print("trash", "restore", `acme/app@${digest}`);
  await bench.start();
  assert.equal(await bench.digest("acme/app", "v1"), digest);
  const { stdout } = await stowageHere(["events", "--server", bench.url, "--last", "1"]);
  assert.match(stdout, /tag_created +acme\/app:v1/);
});

test("a configuration that is read-only changes nothing, and says so", async () => {
  await using bench = await KeeperBench.open();
  const digest = await bench.push("acme/app", "v1", ["one"]);
  await bench.delete("acme/app", digest);
  await bench.stop();
  const environment = { ...bench.environment, REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED: "true" };
  const run = (...args: readonly string[]) => stowageHere([...args, "--offline"], { environment });
  for (const args of [["gc"], ["trash", "purge", "--all", "--yes"], ["fsck", "--repair"]]) {
    const { code, stderr } = await run(...args);
    assert.equal(code, 1, args.join(" "));
    assert.match(stderr, /read-only/);
  }
  assert.equal((await run("gc", "--dry-run")).code, 0);
  assert.match((await run("gc", "status")).stdout, /^ {2}read-only +yes: nothing can be pushed or deleted$/m);
});

test("the configuration may be a file", async () => {
  await using bench = await KeeperBench.open();
  await bench.push("acme/app", "v1", ["one"]);
  await bench.stop();
  const config = join(bench.folder, "config.yml");
  const storage = `{ filesystem: { rootdirectory: ${join(bench.folder, "data")} } }`;
  await writeFile(config, `version: 0.1\nstorage: ${storage}\n`);
  const { code, stdout } = await stowageHere(["explain", blobOf("one"), "--offline", "--config", config]);
  assert.equal(code, 0);
  assert.match(stdout, /tag v1/);
});

test("a server that is stopped meanwhile says what has become of it", async () => {
  await using bench = await KeeperBench.open();
  await bench.push("acme/app", "v1", ["layer ".repeat(200_000)]);
  await using command = new RunningCommand(["scrub", "--rate", "1", "--server", bench.url]);
  await eventually("the scrub", async () => {
    const { stdout } = await bench.run(["gc", "status"]);
    return stdout.includes("runs, begun") ? true : undefined;
  });
  await bench.stop();
  assert.equal(await command.exit(), 1);
  assert.match(command.errors, /^stowage: http:\S+: the registry is stopping; what was done stays done, and/);
});

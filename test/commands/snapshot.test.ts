import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { MaintenanceService } from "../../src/gen/stowage/v1/maintenance_service_pb.ts";
import { RunningCommand, stowage } from "./cli.ts";
import { serveFake } from "./fake-service.ts";
import { KeeperBench } from "./keeper-bench.ts";

for (const where of ["a server", "the data"]) {
  suite(`stowage snapshot asks ${where}`, () => {
    const open = async () => {
      const bench = await KeeperBench.open();
      await bench.push("acme/app", "v1", ["one"]);
      if (where === "the data") await bench.stop();
      return bench;
    };

    test("the file is whole, its owner's, and not written over without --force", async () => {
      await using bench = await open();
      const file = join(bench.folder, "a.snapshot");
      const text = await bench.print("snapshot", file);
      const { size, mode } = await stat(file);
      assert.equal(mode & 0o777, 0o600);
      assert.match(text, /a\.snapshot: \d\.\d KiB, the catalogue at event #\d+, 2\S+Z\.$/m);
      assert.equal((await trailerOf(file)).rows > 10, true);
      // Whoever has the files has the keys in them; over the network nobody asked who this is.
      assert.match(
        text,
        where === "the data" ? /It holds keys that sign tokens/ : /are not in it, for the registry/,
      );
      const again = await bench.run(["snapshot", file]);
      assert.equal(again.code, 2);
      assert.match(again.stderr, /a\.snapshot is there already; --force replaces it/);
      await writeFile(file, "old");
      const json = JSON.parse(await bench.print("snapshot", file, "--force", "--without-secrets", "--json"));
      assert.equal(json.bytes, (await stat(file)).size);
      assert.ok(Math.abs(json.bytes - size) < 500);
      assert.equal(json.header.withSecrets, false);
      const files = await readdir(bench.folder);
      assert.deepEqual(
        files.filter((name) => name.includes("snapshot")),
        ["a.snapshot"],
      );
    });

    test("to standard output it is bytes alone", async () => {
      await using bench = await open();
      const { code, stdout, stderr } = await bench.run(["snapshot", "-"]);
      assert.equal(code, 0);
      assert.match(stdout.split("\n")[0] ?? "", /^\{"magic":/);
      assert.match(stderr, /^The snapshot: \d\.\d KiB, the catalogue at event #\d+/);
    });
  });
}

test("it is nothing for a terminal, and a place that is none is named", async () => {
  await using bench = await KeeperBench.open();
  const terminal = await bench.run(["snapshot", "-"], { isTerminal: true });
  assert.equal(terminal.code, 2);
  assert.match(terminal.stderr, /a snapshot is nothing for a terminal/);
  const nowhere = await bench.run(["snapshot", join(bench.folder, "no/folder/a")]);
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /^stowage: there is no folder /);
});

test("the process writes to a pipe what it writes to a file", async () => {
  await using bench = await KeeperBench.open();
  const { code, stdout, stderr } = await stowage(["snapshot", "-", "--server", bench.url]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^\{"magic":/);
});

test("nothing is left of a snapshot that breaks off", async () => {
  await using bench = await KeeperBench.open();
  const endings = [
    async function* () {
      yield { part: { case: "header", value: { cursor: "1", format: "2" } } } as const;
      throw new Error("it breaks");
    },
    async function* (_: unknown, { signal }: { readonly signal: AbortSignal }) {
      yield { part: { case: "header", value: { cursor: "1", format: "2" } } } as const;
      yield { part: { case: "chunk", value: new Uint8Array(10) } } as const;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  ];
  for (const takeSnapshot of endings) {
    await using server = await serveFake(MaintenanceService, { takeSnapshot });
    const file = join(bench.folder, "b.snapshot");
    await using command = new RunningCommand(["snapshot", file, "--server", server.url]);
    if (takeSnapshot === endings[1]) {
      await partialOf(file);
      command.signal("SIGINT");
    }
    assert.equal(await command.exit(), 1);
    assert.match(command.errors, /^stowage: (?:http:.*internal error|interrupted; no snapshot was written)/);
    assert.deepEqual(
      (await readdir(bench.folder)).filter((name) => name.startsWith("b.")),
      [],
    );
  }
});

async function partialOf(file: string): Promise<void> {
  while ((await stat(`${file}.partial`).catch(() => undefined))?.size !== 10)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

async function trailerOf(file: string): Promise<{ readonly rows: number }> {
  const bytes = await readFile(file);
  const start = bytes.lastIndexOf("{");
  return JSON.parse(bytes.subarray(start).toString());
}

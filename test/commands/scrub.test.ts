// stowage scrub and stowage fsck: what is wrong is found, told, and put right.
import assert from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { FsckSummarySchema } from "../../src/gen/stowage/v1/maintenance_pb.ts";
import { MaintenanceService } from "../../src/gen/stowage/v1/maintenance_service_pb.ts";
import { RunningCommand, stowageHere } from "./cli.ts";
import { serveFake } from "./fake-service.ts";
import { blobOf, KeeperBench } from "./keeper-bench.ts";
import { parseLines } from "./push.ts";

/** Large enough for a file of its own. */
const LAYER = "layer ".repeat(100_000);

for (const where of ["a server", "the data"]) {
  suite(`stowage scrub and fsck ask ${where}`, () => {
    const open = async () => {
      const bench = await KeeperBench.open();
      await bench.push("acme/app", "v1", [LAYER]);
      await bench.stop();
      return bench;
    };
    const back = async (bench: KeeperBench) => {
      if (where === "a server") await bench.start();
    };

    test("a flipped bit is found, and healed by a push", async () => {
      await using bench = await open();
      const file = await fileOf(bench, blobOf(LAYER));
      const bytes = await readFile(file);
      bytes[1000] = (bytes[1000] ?? 0) ^ 1;
      await writeFile(file, bytes);
      await back(bench);
      const { code, stdout, stderr } = await bench.run(["scrub", "--rate", "0"]);
      assert.deepEqual([code, stderr], [1, ""]);
      const [what, users, sum] = stdout.split("\n");
      assert.match(what ?? "", new RegExp(`^damaged {3}${blobOf(LAYER)} {2}585\\.9 KiB {2}\\S`));
      assert.equal(users, "          used by acme/app; pushing it there again heals it");
      assert.match(sum ?? "", /^3 blobs with .* read, 1 damaged\.$/);
      assert.match(await bench.print("explain", blobOf(LAYER)), /^Its bytes are damaged or gone, found /m);
      if (where === "the data") await bench.start();
      await bench.pushBlob("acme/app", LAYER);
      if (where === "the data") await bench.stop();
      assert.match(await bench.print("scrub", "--rate", "1GiB", "--restart"), /^3 blobs .* none damaged\.$/m);
    });

    test("a missing file is found, and as JSON each finding is a line", async () => {
      await using bench = await open();
      await rm(await fileOf(bench, blobOf(LAYER)));
      await back(bench);
      const { code, stdout } = await bench.run(["fsck"]);
      assert.equal(code, 1);
      assert.match(stdout, new RegExp(`^wrong {5}blob-missing {2}${blobOf(LAYER)} {2}its bytes are gone; `));
      assert.match(stdout, /^1 finding; "stowage fsck --repair" puts right what it can\.$/m);
      const json = await bench.run(["fsck", "--json"]);
      assert.equal(json.code, 1);
      const lines = parseLines(json.stdout);
      assert.equal(lines.length, 2);
      const { finding } = lines[0] as { finding: { digest: string } };
      assert.equal(finding.digest, blobOf(LAYER));
      assert.deepEqual(lines[1], { finished: { findings: "1", repaired: "0" } });
      assert.equal((await bench.run(["fsck", "--catalogue-only"])).code, 0);
    });

    test("where all is well both say so", async () => {
      await using bench = await open();
      await back(bench);
      assert.equal(await bench.print("fsck", "--repair"), "Nothing is wrong.\n");
      assert.match(await bench.print("scrub"), /^3 blobs with 1\.1 MiB read, none damaged\.\n$/);
      const { finished } = JSON.parse(await bench.print("scrub", "--restart", "--json"));
      assert.equal(finished.damaged, "0");
    });
  });
}

test("Ctrl-C ends a check, and how to go on is told", async () => {
  await using server = await serveFake(MaintenanceService, {
    async *runFsck({ resume }, { signal }) {
      if (resume)
        return yield {
          item: {
            case: "finished",
            value: { $typeName: FsckSummarySchema.typeName, findings: 0n, repaired: 0n },
          },
        };
      yield { item: { case: "finding", value: { kind: "x", message: "y" } } };
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  });
  await using command = new RunningCommand(["fsck", "--server", server.url]);
  assert.equal(await command.line(), "wrong     x  y");
  command.signal("SIGTERM");
  assert.equal(await command.exit(), 1);
  const advice = "stowage fsck --resume goes on with the part it was at";
  assert.equal(command.errors, `stowage: interrupted; ${advice}\n`);
  const resumed = await stowageHere(["fsck", "--resume", "--server", server.url]);
  assert.deepEqual([resumed.code, resumed.stdout], [0, "Nothing is wrong.\n"]);
});

test("a rate that is none is refused with code 2", async () => {
  const { code, stderr } = await stowageHere(["scrub", "--rate", "fast"]);
  assert.equal(code, 2);
  assert.match(stderr, /--rate: "fast" is not a number of bytes, or a size such as "20MiB"/);
});

async function fileOf({ folder }: KeeperBench, digest: string): Promise<string> {
  const hex = digest.slice("sha256:".length);
  const files = await readdir(join(folder, "data"), { recursive: true });
  const file = files.find((name) => name.includes(hex) && !name.includes("metadata"));
  return join(folder, "data", file ?? assert.fail(`no file of ${digest}`));
}

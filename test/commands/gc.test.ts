import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { MaintenanceService } from "../../src/gen/stowage/v1/maintenance_service_pb.ts";
import { RunningCommand, stowageHere } from "./cli.ts";
import { serveFake } from "./fake-service.ts";
import { blobOf, KeeperBench } from "./keeper-bench.ts";
import { parseLines } from "./push.ts";

/** Everything goes at once: nothing stays in the trash, and no push is waited for. */
const AT_ONCE = {
  REGISTRY_STORAGE_DELETE_TRASH: "0s",
  REGISTRY_STORAGE_MAINTENANCE_GC_GRACE: "1s",
};

/** The lines in order: what goes together comes in any order. */
const sorted = (text: string) => text.trimEnd().split("\n").sort();

for (const where of ["a server", "the data"]) {
  suite(`stowage gc asks ${where}`, () => {
    const open = async () => {
      const bench = await KeeperBench.open(AT_ONCE);
      const kept = await bench.push("acme/app", "v1", ["shared", "one"]);
      const gone = await bench.push("acme/app", "v2", ["shared", "two"]);
      await bench.delete("acme/app", gone);
      if (where === "the data") await bench.stop();
      return { bench, kept, gone };
    };

    test("it tells what it would remove, removes it, and leaves the rest", async () => {
      const { bench, kept, gone } = await open();
      await using _ = bench;
      const dry = await bench.print("gc", "--dry-run", "--grace", "0");
      const only = [blobOf("two"), blobOf("config of shared two")];
      for (const digest of only) assert.match(dry, new RegExp(`^link +\\d+ B +acme/app@${digest}$`, "m"));
      for (const digest of [gone, ...only]) assert.match(dry, new RegExp(`^blob +\\d+ B +${digest}$`, "m"));
      assert.match(dry, /^manifest +\d+ B +acme\/app@sha256:/m);
      assert.match(dry, /^Would remove 1 manifest, 2 links and 3 blobs with \d+ B\.$/m);
      assert.doesNotMatch(dry, new RegExp(`${kept}|${blobOf("shared")}|${blobOf("one")}`));
      assert.equal(await bench.print("gc", "--dry-run", "--grace", "0"), dry, "a dry run changes nothing");
      const real = await bench.print("gc", "--grace", "0");
      assert.deepEqual(sorted(real), sorted(dry.replace("Would remove", "Removed")));
      assert.equal(
        await bench.print("gc", "--grace", "0"),
        'Nothing was removed; "stowage gc status" tells what waits.\n',
      );
      assert.equal(await bench.print("fsck"), "Nothing is wrong.\n");
    });

    test("as JSON each thing is a line, and the sum is the last", async () => {
      const { bench, gone } = await open();
      await using _ = bench;
      const lines = parseLines(await bench.print("gc", "--grace", "0", "--json"));
      assert.equal(lines.length, 7);
      const blobs = lines.flatMap(({ removed }) => (removed as { blob?: { digest: string } })?.blob ?? []);
      const digests = blobs.map(({ digest }) => digest).sort();
      assert.deepEqual(digests, [gone, blobOf("two"), blobOf("config of shared two")].sort());
      const { finished } = lines.at(-1) as { finished: Record<string, string> };
      assert.deepEqual([finished.manifests, finished.links, finished.blobs], ["1", "2", "3"]);
    });

    test("status says how the house stands", async () => {
      const { bench } = await open();
      await using _ = bench;
      const text = await bench.print("gc", "status");
      assert.match(text, /^ {2}due +\d+ to look at now, \d+ later$/m);
      assert.match(text, /^ {2}trash +1 deleted manifest$/m);
      assert.match(text, /^ {2}scrub +never begun$/m);
      assert.match(text, /^ {2}catalogue +format 3$/m);
      assert.doesNotMatch(text, /read-only/);
      const status = JSON.parse(await bench.print("gc", "status", "--json"));
      assert.equal(status.deletedManifests, "1");
      assert.equal(status.readOnly, false);
    });
  });
}

test("what lies in the trash, or was just pushed, is not due", async () => {
  await using bench = await KeeperBench.open();
  await bench.delete("acme/app", await bench.push("acme/app", "v1", ["one"]));
  assert.match(await bench.print("gc"), /^Nothing was removed/);
});

test("offline, a server's data is left alone, and the way out is told", async () => {
  await using bench = await KeeperBench.open();
  const { environment } = bench;
  const { code, stdout, stderr } = await stowageHere(["gc", "--offline"], { environment });
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(
    stderr,
    /^stowage: another process has this data open \(a server, or another offline command\): leave out --offline, or end it/,
  );
  assert.equal((await fetch(`${bench.url}/v2/`)).status, 200);
});

test("offline, a wrong place is not made a registry", async () => {
  const environment = { REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: "/nowhere/at/all" };
  const { code, stderr } = await stowageHere(["gc", "--offline"], { environment });
  assert.equal(code, 1);
  assert.match(stderr, /there is no registry's data in \/nowhere\/at\/all\/stowage; does --config name/);
  const memory = await stowageHere(["gc", "--offline"], { environment: { REGISTRY_STORAGE: "inmemory" } });
  assert.match(memory.stderr, /keeps everything in memory: offline there is nothing to open/);
});

test("Ctrl-C ends the collection, and what was told stays told", async () => {
  let isEnded = false;
  await using server = await serveFake(MaintenanceService, {
    async *runCollection(_, { signal }) {
      const value = { kind: { case: "blob", value: { digest: blobOf("x"), size: 3n } } } as const;
      yield { item: { case: "removed", value } };
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      isEnded = true;
    },
  });
  await using command = new RunningCommand(["gc", "--server", server.url]);
  assert.match(await command.line(), /^blob +3 B/);
  command.signal("SIGINT");
  assert.equal(await command.exit(), 1);
  assert.equal(
    command.errors,
    "stowage: interrupted; what was removed stays removed, and the same command does the rest\n",
  );
  assert.equal(isEnded, true);
});

const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [["gc", "--grace", "soon"], /--grace: "soon" is no length of time; it looks like 90m, 24h or 7d/],
  [["gc", "now"], /too many arguments/],
  [["gc", "--config", "config.yml"], /--config is for --offline: a server that runs has read its own/],
  [
    ["gc", "--offline", "--server", "http://a"],
    /'--offline' cannot be used with option '-s, --server <url>'/,
  ],
  [["gc", "--offline", "--config", "/nowhere.yml"], /\/nowhere\.yml: the file cannot be read/],
];
for (const [args, expected] of WRONG) {
  test(`"${args.join(" ")}" is refused with code 2`, async () => {
    const { code, stdout, stderr } = await stowageHere(args);
    assert.equal(code, 2, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, expected);
  });
}

test("a server that is not there is named", async () => {
  const { code, stderr } = await stowageHere(["gc", "status", "--server", "http://127.0.0.1:9"]);
  assert.equal(code, 1);
  assert.match(stderr, /^stowage: http:\/\/127\.0\.0\.1:9: /);
});

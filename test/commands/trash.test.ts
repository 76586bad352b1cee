import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { stowageHere } from "./cli.ts";
import { blobOf, KeeperBench, typing } from "./keeper-bench.ts";
import { parseLines } from "./push.ts";

/** Retention lets go of all but what nobody has. */
const NOTHING_STAYS = {
  REGISTRY_RETENTION_RULES: JSON.stringify([{ repositories: "**", keep: { tags: "for-ever" } }]),
};

for (const where of ["a server", "the data"]) {
  suite(`stowage trash asks ${where}`, () => {
    const open = async () => {
      const bench = await KeeperBench.open();
      const app = await bench.push("acme/app", "v1", ["one"]);
      const old = await bench.push("acme/old", "v1", ["old"]);
      await bench.delete("acme/app", app);
      await bench.delete("acme/old", old);
      if (where === "the data") await bench.stop();
      return { bench, app, old };
    };

    test("list shows all repositories, also those that have nothing else, or one", async () => {
      const { bench, app, old } = await open();
      await using _ = bench;
      const all = (await bench.print("trash", "list")).trimEnd().split("\n");
      assert.match(all[0] ?? "", /^MANIFEST +TAGS +DELETED +BY +WHY +KEPT UNTIL$/);
      assert.match(all[1] ?? "", new RegExp(`^acme/app@${app} +v1 .* somebody deleted it +in 6 d`));
      assert.match(all[2] ?? "", new RegExp(`^acme/old@${old} +v1 `));
      const [manifest, ...others] = parseLines(await bench.print("trash", "list", "acme/old", "--json"));
      assert.deepEqual([manifest?.repository, manifest?.tags, others.length], ["acme/old", ["v1"], 0]);
      assert.equal(await bench.print("trash", "list", "nowhere"), "The trash of nowhere is empty.\n");
    });

    test("restore brings back the manifest and its tags, once", async () => {
      const { bench, app } = await open();
      await using _ = bench;
      const name = `acme/app@${app}`;
      assert.equal(await bench.print("trash", "restore", name), `${name} is back.\nTags that are back: v1\n`);
      const again = await bench.run(["trash", "restore", name]);
      assert.equal(again.code, 1);
      assert.match(
        again.stderr,
        /is not in the trash .*; "stowage trash list acme\/app" shows what is there/,
      );
      if (where === "the data") await bench.start();
      assert.equal(await bench.digest("acme/app", "v1"), app);
    });

    test("a terminal shows digests that restore takes", async () => {
      const { bench, app } = await open();
      await using _ = bench;
      const terminal = { isTerminal: true, hasColors: false, columns: 80 };
      const { stdout } = await bench.run(["trash", "list", "acme/app"], terminal);
      for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
      const [, name = ""] = /^(acme\/app@sha256:[0-9a-f]+) /m.exec(stdout) ?? [];
      assert.ok(app.startsWith(name.replace("acme/app@", "")), stdout);
      const none = await bench.run(["trash", "restore", "acme/app@sha256:000000"]);
      assert.match(none.stderr, /no digest in the trash of acme\/app begins with sha256:000000/);
      assert.match(await bench.print("trash", "restore", name), new RegExp(`^acme/app@${app} is back`));
    });

    test("restore leaves a tag that points elsewhere by now", async () => {
      const bench = await KeeperBench.open();
      await using _ = bench;
      const first = await bench.push("acme/app", "v1", ["one"]);
      await bench.delete("acme/app", first);
      const second = await bench.push("acme/app", "v1", ["two"]);
      if (where === "the data") await bench.stop();
      const text = await bench.print("trash", "restore", `acme/app@${first}`);
      assert.match(text, /^Tags that point elsewhere by now, and were left: v1$/m);
      if (where === "the data") await bench.start();
      assert.equal(await bench.digest("acme/app", "v1"), second);
    });

    test("restore brings back what a repository lost within a time, for a reason", async () => {
      const bench = await KeeperBench.open(NOTHING_STAYS);
      await using _ = bench;
      const first = await bench.push("acme/app", "v1", ["one"]);
      await bench.delete("acme/app", first);
      const second = await bench.push("acme/app", "v1", ["two"]);
      await bench.delete("acme/app", second);
      await bench.push("acme/app", "v2", ["three"]);
      if (where === "the data") await bench.stop();
      await bench.print("retention", "apply", "--yes");
      const restore = (...args: readonly string[]) => bench.run(["trash", "restore", "acme/app", ...args]);
      const none = await restore("--since", "0s", "--yes");
      assert.equal(none.code, 1);
      assert.match(none.stderr, /nothing in the trash of acme\/app was deleted so; "stowage trash list/);
      const undone = await restore("--since", "1h", "--reason", "retention", "--yes");
      assert.match(undone.stdout, /^acme\/app@\S+ is back\.\nTags that are back: v2\n$/);
      const no = await bench.run(["trash", "restore", "acme/app"], typing("n"));
      assert.deepEqual([no.code, no.stderr], [1, "stowage: nothing was done\n"]);
      const rest = await bench.print("trash", "restore", "acme/app", "--reason", "request", "--yes");
      assert.match(rest, new RegExp(`^acme/app@${second} is back\\.\nTags that are back: v1\n`));
      assert.match(
        rest,
        new RegExp(`acme/app@${first} is back\\.\nTags that point elsewhere by now.*: v1\n$`),
      );
      assert.equal(await bench.print("trash", "list"), "The trash is empty.\n");
    });

    test("purge removes what is meant, and nothing that is too young", async () => {
      const { bench, app } = await open();
      await using _ = bench;
      const young = await bench.print("trash", "purge", "--all", "--older-than", "1h", "--yes");
      assert.equal(young, "0 manifests removed for good.\n");
      const one = await bench.print("trash", "purge", `acme/app@${app}`, "--yes");
      assert.equal(one, '1 manifest removed for good. "stowage gc" removes what only they needed.\n');
      assert.equal((await bench.run(["trash", "restore", `acme/app@${app}`])).code, 1);
      const gone = await bench.run(["trash", "purge", `acme/app@${app}`, "--yes"]);
      assert.match(gone.stderr, /is not in the trash/);
      assert.deepEqual(JSON.parse(await bench.print("trash", "purge", "acme/old", "--yes", "--json")), {
        purged: "1",
      });
      assert.equal(await bench.print("trash", "list"), "The trash is empty.\n");
    });

    test("purge asks on a terminal, with the number of what would go", async () => {
      const { bench } = await open();
      await using _ = bench;
      const no = await bench.run(["trash", "purge", "--all"], typing(""));
      assert.deepEqual([no.code, no.stderr], [1, "stowage: nothing was done\n"]);
      const yes = await bench.run(["trash", "purge", "--all"], typing("yes"));
      assert.match(yes.stdout, /^2 manifests removed for good\./);
    });
  });
}

const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [["purge", "--yes"], /say what is to go: REPOSITORY, REPOSITORY@DIGEST, or --all/],
  [["purge", "a", "--all", "--yes"], /say what is to go/],
  [["purge", "a"], /nobody can be asked here whether this is meant; add --yes/],
  [["purge", `a@${blobOf("x")}`, "--older-than", "1d", "--yes"], /a manifest that is named goes at any age/],
  [["restore", "acme/app"], /nobody can be asked here whether this is meant; add --yes/],
  [
    ["restore", "acme/app", "--reason", "x", "--yes"],
    /--reason: "x" is none; there are retention and request/,
  ],
  [["restore", `a@${blobOf("x")}`, "--since", "1h"], /a manifest that is named comes back anyhow/],
  [["restore", "acme/app:v1"], /"acme\/app:v1" names no manifest; it looks like acme\/app@sha256:…/],
  [["restore", "acme/app@sha256:12"], /must have 64 lower-case hex characters/],
];
for (const [args, expected] of WRONG) {
  test(`"trash ${args.join(" ")}" is refused with code 2`, async () => {
    const { code, stderr } = await stowageHere(["trash", ...args]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, expected);
  });
}

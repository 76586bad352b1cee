import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { stowageHere } from "./cli.ts";
import { blobOf, KeeperBench } from "./keeper-bench.ts";
import { parseLines } from "./push.ts";

for (const where of ["a server", "the data"]) {
  suite(`stowage tags asks ${where}`, () => {
    /** The tag was made, moved, and deleted with what it pointed to. */
    const open = async () => {
      const bench = await KeeperBench.open();
      const first = await bench.push("acme/app", "latest", ["one"]);
      const second = await bench.push("acme/app", "latest", ["two"]);
      await bench.delete("acme/app", second);
      if (where === "the data") await bench.stop();
      return { bench, first, second };
    };

    test("history tells each change, newest first", async () => {
      const { bench, first, second } = await open();
      await using _ = bench;
      const lines = (await bench.print("tags", "history", "acme/app:latest")).trimEnd().split("\n");
      assert.match(lines[0] ?? "", /^CHANGED +FROM +TO +BY$/);
      assert.match(lines[1] ?? "", new RegExp(` deleted +${second} +- +-$`));
      assert.match(lines[2] ?? "", new RegExp(` moved +${first} +${second} +-$`));
      assert.match(lines[3] ?? "", new RegExp(` made +- +${first} +-$`));
      const changes = parseLines(await bench.print("tags", "history", "acme/app:latest", "--json"));
      assert.deepEqual(
        changes.map(({ fromDigest, toDigest }) => [fromDigest, toDigest]),
        [
          [second, ""],
          [first, second],
          ["", first],
        ],
      );
    });

    test("restore points back by digest, out of the trash too, and by time", async () => {
      const { bench, first, second } = await open();
      await using _ = bench;
      const back = await bench.print("tags", "restore", "acme/app:latest", "--to", second);
      const out = "; 1 manifest came out of the trash for it";
      assert.equal(back, `acme/app:latest points to ${second}${out}.\n`);
      const changes = parseLines(await bench.print("tags", "history", "acme/app:latest", "--json"));
      const made = String(changes.at(-1)?.changeTime);
      const json = JSON.parse(
        await bench.print("tags", "restore", "acme/app:latest", "--at", made, "--expect", second, "--json"),
      );
      assert.deepEqual([json.descriptor.digest, json.undeletedDigests], [first, []]);
    });

    test("a terminal shows digests that restore takes", async () => {
      const { bench, first, second } = await open();
      await using _ = bench;
      const terminal = { isTerminal: true, hasColors: false, columns: 80 };
      const { stdout } = await bench.run(["tags", "history", "acme/app:latest"], terminal);
      for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
      const [, from = "", to = ""] = /moved +(\S+) +(\S+)/.exec(stdout) ?? [];
      await bench.print("tags", "restore", "acme/app:latest", "--to", to);
      const text = await bench.print("tags", "restore", "acme/app:latest", "--to", from, "--expect", to);
      assert.equal(text, `acme/app:latest points to ${first}.\n`);
      assert.ok(second.startsWith(to) && to.length < second.length);
    });

    test("restore does not touch a tag that is not as expected", async () => {
      const { bench, first, second } = await open();
      await using _ = bench;
      const restore = (...args: readonly string[]) =>
        bench.run(["tags", "restore", "acme/app:latest", "--to", first, "--expect", ...args]);
      const wrong = await restore(second);
      assert.equal(wrong.code, 1);
      assert.match(wrong.stderr, /; "stowage tags history acme\/app:latest" shows who moved it/);
      assert.equal((await restore("none")).code, 0);
      assert.equal((await restore("none")).code, 1);
      assert.equal((await restore(first)).code, 0);
    });

    test("what is not known has a way out", async () => {
      const { bench } = await open();
      await using _ = bench;
      const before = await bench.run(["tags", "restore", "acme/app:latest", "--at", "2001-01-01"]);
      assert.equal(before.code, 1);
      assert.match(
        before.stderr,
        /pointed to nothing at 200.*; "stowage tags history acme\/app:latest" shows/,
      );
      const gone = await bench.run(["tags", "restore", "acme/app:latest", "--to", blobOf("nothing")]);
      assert.match(
        gone.stderr,
        /is neither in repository .* nor in its trash any more; "stowage tags history/,
      );
      const other = await bench.run(["tags", "history", "acme/apps:latest"]);
      assert.equal(other.code, 1);
    });
  });
}

test("an unknown tag or repository is told with the nearest", async () => {
  await using bench = await KeeperBench.open();
  await bench.push("acme/app", "stable", ["one"]);
  const tag = await bench.run(["tags", "history", "acme/app:stabel"]);
  assert.match(tag.stderr, /nothing is known of acme\/app:stabel: .*; did you mean stable\?/);
  const repository = await bench.run(["tags", "history", "acme/ap:stable"]);
  assert.match(repository.stderr, /did you mean acme\/app\?/);
  await bench.push("acme/app", `sha256-${"0".repeat(64)}`, ["two"]);
  for (const far of ["acme/app:x", "acme/app:nightly", `acme/app:sha256-${"0".repeat(63)}1`, "b:stable"]) {
    const { code, stderr } = await bench.run(["tags", "history", far]);
    assert.equal(code, 1);
    assert.doesNotMatch(stderr, /did you mean|nearest/);
  }
  const restore = await bench.run(["tags", "restore", "acme/ap:stable", "--to", blobOf("one")]);
  assert.match(restore.stderr, /did you mean acme\/app\?/);
});

const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [["restore", "a:b"], /say what it is to point to: --to DIGEST or --at TIME/],
  [["restore", "a:b", "--to", blobOf("x"), "--at", "1h"], /cannot be used with option/],
  [["restore", "a:b", "--to", "sha256:12"], /--to: digest "sha256:12" must have 64/],
  [["restore", "a:b", "--at", "then"], /--at: "then" is no time/],
  [["restore", "a:b", "--at", "1h", "--expect", "x"], /--expect: digest "x" must have the form/],
  [["history", "a"], /"a" is no tag; it looks like acme\/app:v1/],
];
for (const [args, expected] of WRONG) {
  test(`"tags ${args.join(" ")}" is refused with code 2`, async () => {
    const { code, stderr } = await stowageHere(["tags", ...args]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, expected);
  });
}

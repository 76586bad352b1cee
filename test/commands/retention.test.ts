import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { stowageHere } from "./cli.ts";
import { KeeperBench, typing } from "./keeper-bench.ts";
import { parseLines } from "./push.ts";

/** The newest tag of each repository below acme stays, and none whose name is old. */
const RULES = {
  REGISTRY_RETENTION_RULES: JSON.stringify([
    { name: "no-old", repositories: "acme/old", keep: { tags: "for-ever" } },
    { name: "newest", repositories: "acme/**", keep: { newest: 1 } },
  ]),
};

for (const where of ["a server", "the data"]) {
  suite(`stowage retention asks ${where}`, () => {
    const open = async () => {
      const bench = await KeeperBench.open(RULES);
      const digests = [
        await bench.push("acme/app", "v1", ["shared", "one"]),
        await bench.push("acme/app", "v2", ["shared", "two"]),
        await bench.push("acme/old", "v1", ["old"]),
        await bench.push("other/app", "v1", ["other"]),
      ] as const;
      if (where === "the data") await bench.stop();
      return { bench, digests };
    };

    test("simulate lists each decision with its rule, and changes nothing", async () => {
      const { bench, digests } = await open();
      await using _ = bench;
      const text = await bench.print("retention", "simulate");
      const [one, two, old] = digests;
      const row = (verdict: string, tag: string, digest: string) =>
        new RegExp(`^ +${verdict} +${tag} +${digest} +\\d+ B +(newest|no-old) +\\S`, "m");
      assert.match(text, row("DELETE", "v1", one));
      assert.match(text, row("keep", "v2", two));
      assert.match(text, row("DELETE", "v1", old));
      assert.match(text, /^Would delete 2 tags and 2 manifests: 2 repositories looked at, 1 tag kept\.$/m);
      assert.match(text, /^That would free \d+ B on the disk \(of \d+ B; the rest is used elsewhere\) once/m);
      assert.match(text, /^EMPTY: nothing would be left of 1 repository:\n {2}acme\/old$/m);
      assert.doesNotMatch(text, /other\/app/);
      assert.equal(await bench.print("retention", "simulate"), text);
      assert.equal(await bench.print("trash", "list"), "The trash is empty.\n");
    });

    test("only some repositories, or all, or as JSON", async () => {
      const { bench } = await open();
      await using _ = bench;
      const some = await bench.print("retention", "simulate", "-r", "acme/a*", "-r", "other/*");
      assert.match(some, /^Would delete 1 tag and 1 manifest: 1 repository looked at/m);
      const all = await bench.print("retention", "simulate", "--all");
      assert.match(all, /^other\/app\n.*\n +keep +v1 /m);
      const lines = parseLines(await bench.print("retention", "simulate", "--json"));
      const { finished } = lines.at(-1) as { finished: Record<string, unknown> };
      assert.equal(finished.deletedTags, "2");
      assert.deepEqual(finished.emptiedRepositories, ["acme/old"]);
      assert.equal(lines.filter(({ tag }) => tag !== undefined).length, 3);
      const none = await bench.print("retention", "simulate", "-r", "nowhere/**");
      assert.equal(none, "Nothing goes: no repository matches nowhere/**.\n");
      const free = await bench.print("retention", "simulate", "-r", "other/*");
      assert.equal(free, "Nothing goes: no rule says anything about these repositories.\n");
      const globs = ["-r", "nowhere/**", "-r", "acme"];
      const apply = await bench.run(["retention", "apply", "--yes", ...globs]);
      assert.deepEqual([apply.code, apply.stdout], [1, ""]);
      assert.equal(apply.stderr, "stowage: no repository matches nowhere/** or acme\n");
    });

    test("other rules can be tried from a file, of their own or a configuration", async () => {
      const { bench } = await open();
      await using _ = bench;
      const rules = "rules:\n  - { name: mine, repositories: '**', keep: { newest: 2 } }\n";
      const file = join(bench.folder, "rules.yml");
      await writeFile(file, rules);
      assert.match(
        await bench.print("retention", "simulate", "--rules", file),
        /^Nothing goes: 3 repositories looked at, 4 tags kept\.$/m,
      );
      const config = `version: 0.1\nstorage: inmemory\nretention:\n  untagged: 1d\n  ${rules.replaceAll("\n", "\n  ")}\n`;
      await writeFile(file, config);
      assert.match(await bench.print("retention", "simulate", "--rules", file), /keep +v1 .* mine /);
    });

    test("apply deletes with --yes, and the trash brings it back", async () => {
      const { bench, digests } = await open();
      await using _ = bench;
      const text = await bench.print("retention", "apply", "--yes", "--repository", "acme/app");
      assert.match(text, new RegExp(`^ +DELETE +v1 +${digests[0]} `, "m"));
      assert.doesNotMatch(text, / keep /);
      assert.match(text, /^Deleted 1 tag and 1 manifest: 1 repository looked at, 1 tag kept\.$/m);
      assert.match(text, /^This frees \d+ B on the disk .*once it leaves the trash/m);
      const trash = await bench.print("trash", "list", "acme/app");
      assert.match(trash, new RegExp(`^acme/app@${digests[0]} +v1 .* retention, newest `, "m"));
      assert.match(await bench.print("tags", "history", "acme/app:v1"), /deleted: retention, newest/);
      assert.match(await bench.print("trash", "restore", `acme/app@${digests[0]}`), /Tags that are back: v1/);
    });

    test("apply asks on a terminal, after it told what would go", async () => {
      const { bench } = await open();
      await using _ = bench;
      const no = await bench.run(["retention", "apply"], typing("n"));
      assert.equal(no.code, 1);
      assert.match(no.stderr, /stowage: nothing was done\n$/);
      assert.match(no.stdout, /Would delete 2 tags and 2 manifests/);
      assert.equal(await bench.print("trash", "list"), "The trash is empty.\n");
      const yes = await bench.run(["retention", "apply"], typing("y"));
      assert.equal(yes.code, 0, yes.stderr);
      assert.match(yes.stdout, /Would delete 2 tags.*Deleted 2 tags and 2 manifests/s);
      assert.match(yes.stdout, /EMPTIED: 1 repository, with nothing left:\n {2}acme\/old/);
      const again = await bench.run(["retention", "apply"], typing("n"));
      assert.deepEqual([again.code, again.stdout.includes("Nothing goes")], [0, true]);
    });
  });
}

test("apply is refused where nobody can be asked, before anything is looked at", async () => {
  const { code, stdout, stderr } = await stowageHere([
    "retention",
    "apply",
    "--server",
    "http://127.0.0.1:9",
  ]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /nobody can be asked here whether this is meant; add --yes/);
});

test("apply takes no rules of its own", async () => {
  const { code, stderr } = await stowageHere(["retention", "apply", "--rules", "rules.yml", "--yes"]);
  assert.equal(code, 2);
  assert.match(stderr, /apply takes the configured rules; put them into the configuration/);
});

test("what is wrong with a file of rules is told, with its line", async () => {
  await using bench = await KeeperBench.open();
  const file = join(bench.folder, "rules.yml");
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      "rules:\n  - { repositoris: a }\n",
      /rules\.yml:2:7: rules\.0\.repositoris: .*did you mean repositories\?/,
    ],
    [
      "rules:\n  - { repositories: a, keep: {} }\n",
      /a rule that keeps nothing would remove every tag it fits/,
    ],
    ["retention: { untagged: 3 }\n", /rules\.yml:1:14: retention\.untagged: expected a duration/],
    ["- a\n", /the file must hold a map of keys/],
  ];
  for (const [text, expected] of cases) {
    await writeFile(file, text);
    const { code, stderr } = await bench.run(["retention", "simulate", "--rules", file]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^stowage: the file of rules has /);
    assert.match(stderr, expected);
  }
  const missing = await bench.run(["retention", "simulate", "--rules", "/nowhere.yml"]);
  assert.match(missing.stderr, /--rules: cannot read \/nowhere\.yml: there is no such file/);
});

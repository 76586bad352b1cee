// stowage repositories, tags list and usage: what there is and what it takes.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { stowageHere } from "./cli.ts";
import { KeeperBench } from "./keeper-bench.ts";
import { parseLines, push } from "./push.ts";

const QUOTAS = [
  { repositories: "acme/**", scope: "together", bytes: "1200", tags: 4 },
  { name: "small", repositories: ["**"], bytes: "100KiB" },
];

/** Time and how long ago, as it is written where no terminal is. */
const TIME = /now|\d+ \w+ ago/.source.replace(/^/, "(?:").concat(") \\(2\\S+\\)");

for (const where of ["a server", "the data"]) {
  suite(`lists and usage of ${where}`, () => {
    const open = async () => {
      const bench = await KeeperBench.open({ REGISTRY_QUOTAS: JSON.stringify(QUOTAS) });
      await bench.push("acme/app", "v1", ["l1", "l2"]);
      await bench.push("acme/app", "v2", ["l1", "larger"]);
      await push(bench.url, "other", "chart", "{}");
      if (where === "the data") await bench.stop();
      return bench;
    };

    test("repositories come with what they hold, in any order", async () => {
      await using bench = await open();
      const lines = (await bench.print("repositories")).trimEnd().split("\n");
      assert.match(lines[0] ?? "", /^REPOSITORY +SIZE +TAGS +MANIFESTS +PUSHED +PULLED +PULLS$/);
      assert.match(lines[1] ?? "", new RegExp(`^acme/app +1\\.1 KiB +2 +2 +${TIME} +never +0$`));
      assert.match(lines[2] ?? "", new RegExp(`^other +\\d+ B +1 +1 +${TIME} +never +0$`));
      assert.match(lines[3] ?? "", /^2 repositories with 1\.\d KiB and 3 tags\.$/);
      const names = async (...args: readonly string[]) =>
        parseLines(await bench.print("repos", "--json", ...args)).map(({ name }) => name);
      assert.deepEqual(await names("--sort", "size", "--reverse"), ["other", "acme/app"]);
      assert.deepEqual(await names("--sort", "pushed"), ["other", "acme/app"]);
      assert.deepEqual(await names("--sort", "tags", "--limit", "1"), ["acme/app"]);
      assert.deepEqual(await names("--reverse"), ["other", "acme/app"]);
      assert.deepEqual(await names("--match", "acme/**", "-m", "none"), ["acme/app"]);
      assert.equal(await bench.print("repos", "-m", "none"), "No repository has such a name.\n");
    });

    test("tags come with what they are, in any order", async () => {
      await using bench = await open();
      const lines = (await bench.print("tags", "list", "acme/app")).trimEnd().split("\n");
      const head = /^TAG +SIZE +PLATFORMS OR TYPE +PUSHED +BY +PULLED +PULLS +DIGEST$/;
      assert.match(lines[0] ?? "", head);
      const rest = `- +${TIME} +- +never +0 +sha256:[0-9a-f]{64}$`;
      assert.match(lines[1] ?? "", new RegExp(`^v1 +559 B +${rest}`));
      assert.match(lines[2] ?? "", new RegExp(`^v2 +\\d+ B +${rest}`));
      assert.equal(lines[3], "2 tags.");
      assert.match(await bench.print("tags", "list", "other"), /^chart +\d+ B +application\/x-test /m);
      const names = async (...args: readonly string[]) =>
        parseLines(await bench.print("tags", "list", "acme/app", "--json", ...args)).map(({ name }) => name);
      assert.deepEqual(await names("--sort", "size"), ["v2", "v1"]);
      assert.deepEqual(await names("--sort", "pushed", "--reverse", "-n", "1"), ["v1"]);
      assert.deepEqual(await names("--match", "*2"), ["v2"]);
      assert.deepEqual(await names("--artifact-type", "application/x-*"), []);
      assert.deepEqual(await names("--media-type", "*/*manifest*"), ["v1", "v2"]);
      const none = await bench.print("tags", "list", "acme/app", "--platform", "linux");
      assert.equal(none, "No tag of acme/app is such a one.\n");
      const { code, stderr } = await bench.run(["tags", "list", "acme/ap"]);
      assert.equal(code, 1);
      assert.match(stderr, /"acme\/ap" is not known to this registry; did you mean acme\/app\?/);
    });

    test("usage tells sums and quotas", async () => {
      await using bench = await open();
      const app = await bench.print("usage", "acme/app");
      assert.match(app, /^ {2}size +1\.1 KiB in 5 blobs and the manifests$/m);
      assert.match(app, /^ {2}images +1\.1 KiB if each were pulled alone$/m);
      assert.match(app, /^ {2}manifests +2$/m);
      assert.match(app, /^ {2}pulled +never$/m);
      assert.match(
        app,
        /^ {2}quota +quota 1 \(together of acme\/\*\*\)\n +1\.1 KiB of 1\.2 KiB \(\d+ %\)\n +2 of 4 tags \(50 %\)$/m,
      );
      assert.match(app, /^ {2}quota +small \(each of \*\*\)\n +1\.1 KiB of 100\.0 KiB \(1 %\)$/m);
      assert.doesNotMatch(app, /stored/);
      for (const path of ["acme/", "acme/**"]) {
        const below = await bench.print("usage", path);
        assert.match(below, /^ {2}tags +2$/m);
        assert.doesNotMatch(below, /small|stored/);
      }
      const all = await bench.print("usage");
      assert.match(all, /^ {2}tags +3$/m);
      assert.match(all, /^ {2}stored +1\.\d KiB in 9 blobs, each digest once$/m);
      const [json] = parseLines(await bench.print("usage", "nobody/", "--json"));
      assert.deepEqual((json?.usage as { bytes?: unknown } | undefined)?.bytes, "0");
      const { stderr } = await bench.run(["usage", "acme/ap"]);
      assert.match(stderr, /did you mean acme\/app\?/);
    });
  });
}

test("pulls are told of, and sorted by", async () => {
  await using bench = await KeeperBench.open();
  for (const tag of ["v1", "v2", "v3"]) await bench.push("a", tag, [`layer of ${tag}`]);
  const pull = async (tag: string) => (await fetch(`${bench.url}/v2/a/manifests/${tag}`)).arrayBuffer();
  for (const tag of ["v3", "v2", "v2"]) await pull(tag);
  // The registry counts what was pulled when it closes, too.
  await bench.stop();
  const tags = parseLines(await bench.print("tags", "list", "a", "--json", "--sort", "pulls"));
  assert.deepEqual(
    tags.map(({ name, pullCount }) => [name, pullCount]),
    [
      ["v2", "2"],
      ["v3", "1"],
      ["v1", undefined],
    ],
  );
  assert.equal(tags[2]?.lastPullTime, undefined);
  assert.match(await bench.print("usage", "a"), new RegExp(`^ {2}pulled +${TIME}; 3 pulls in all$`, "m"));
  const [first] = parseLines(await bench.print("repos", "--sort", "pulled", "--json"));
  assert.equal((first?.usage as { pulls?: unknown } | undefined)?.pulls, "3");
});

test("an empty registry says that it is", async () => {
  await using bench = await KeeperBench.open();
  assert.equal(await bench.print("repositories"), "There are no repositories.\n");
  assert.match(await bench.print("usage"), /^ {2}stored +0 B in 0 blobs, each digest once$/m);
});

const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [["repositories", "--limit", "0"], /--limit: "0" is no whole number above 0/],
  [["repositories", "--sort", "age"], /Allowed choices are name, size, tags, pushed, pulled, pulls/],
  [["tags", "list", "a", "--sort", "tags"], /Allowed choices are name, size, pushed, pulled, pulls/],
  [["tags", "list", "a:v1"], /repository name "a:v1" must be/],
  [["usage", "A/"], /repository name "A" must be/],
];
for (const [args, expected] of WRONG)
  test(`"${args.join(" ")}" is refused with code 2`, async () => {
    const { code, stderr } = await stowageHere(args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, expected);
  });

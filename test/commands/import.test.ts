// stowage import as it is called: what it prints, for people and for programs, and how it ends.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { DistributionTree } from "../maintenance/distribution-tree.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { type HereOptions, stowage, stowageHere } from "./cli.ts";

interface Place {
  readonly tree: DistributionTree;
  readonly config: string;
  /** Runs `stowage import` with the tree and the configuration. */
  readonly run: (options: readonly string[], here?: HereOptions) => ReturnType<typeof stowageHere>;
}

async function withTree(run: (place: Place) => Promise<void>): Promise<void> {
  const directory = await makeTemporaryDirectory();
  try {
    const tree = new DistributionTree(join(directory, "old"));
    await tree.image("acme/app", "one", ["v1"]);
    const config = join(directory, "config.yml");
    const rootdirectory = join(directory, "new");
    await writeFile(config, JSON.stringify({ version: 0.1, storage: { filesystem: { rootdirectory } } }));
    await run({
      tree,
      config,
      run: (options, here) => stowageHere(["import", tree.directory, "--config", config, ...options], here),
    });
  } finally {
    await removeTemporaryDirectory(directory);
  }
}

const SUMMARY = [
  "Imported from 1 repository: 1 tag, 1 manifest, 2 links",
  /^Blobs: 2 by hard link \(\d+ B\), 0 copied \(0 B\)$/,
  "Here before: 0 tags, 0 manifests, 0 links",
];

test("it tells what it has done; a second time, that all was here", () =>
  withTree(async ({ run }) => {
    const first = await run([]);
    assert.equal(first.code, 0, first.stderr);
    const lines = first.stdout.split("\n");
    assert.deepEqual([lines[0], lines[2]], [SUMMARY[0], SUMMARY[2]]);
    assert.match(lines[1] ?? "", SUMMARY[1] as RegExp);
    assert.deepEqual(lines.slice(3), ["0 problems, 0 notes", ""]);
    assert.equal(first.stderr, "");
    const second = await run([]);
    assert.match(second.stdout, /^Here before: 1 tag, 1 manifest, 2 links$/m);
  }));

test("the directory may be the tree itself, and the program is a real one", () =>
  withTree(async ({ tree, config }) => {
    const { code, stdout, stderr } = await stowage(["import", tree.root, "-c", config]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Imported from 1 repository/);
  }));

test("problems are named with their paths; only --strict fails because of them, and not because of notes", () =>
  withTree(async ({ tree, run }) => {
    await tree.write(tree.path("acme/app", "_uploads/1/data"), "half");
    assert.equal((await run(["--strict"])).code, 0);
    const link = tree.tagLink("acme/app", "v2");
    await tree.write(link, "");
    const strict = await run(["--strict"]);
    assert.equal(strict.code, 1);
    assert.ok(strict.stdout.includes(`problem  ${link}: the link is empty\n`), strict.stdout);
    assert.match(strict.stdout, /^note {5}.*_uploads: 1 unfinished upload was left out$/m);
    assert.match(strict.stdout, /^1 problem, 1 note$/m);
    assert.equal((await run([])).code, 0);
  }));

test("--json prints findings and the summary as JSON", () =>
  withTree(async ({ tree, run }) => {
    await tree.write(tree.tagLink("acme/app", "v2"), "");
    const { stdout } = await run(["--json"]);
    const [finding, last] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(finding, {
      finding: {
        ...{ kind: "broken-link", level: "problem", repository: "acme/app", tag: "v2" },
        path: tree.tagLink("acme/app", "v2"),
        reason: "the link is empty",
      },
    });
    assert.deepEqual([last.summary.manifests, last.summary.interrupted], [1, false]);
  }));

test("--dry-run says what would be; --repository chooses, and may be repeated", () =>
  withTree(async ({ tree, run }) => {
    for (const name of ["acme/other", "beta/app", "gamma/app"]) await tree.image(name, name, ["v1"]);
    const chosen = ["--repository", "acme/*", "--repository", "beta/**"];
    assert.match((await run(["--dry-run", ...chosen])).stdout, /^Would import from 3 repositories: 3 tags/);
    assert.match((await run(chosen)).stdout, /^Imported from 3 repositories: 3 tags/);
    assert.match((await run([])).stdout, /^Imported from 4 repositories: 1 tag,/);
  }));

test("a terminal sees how far it is, in a line that is gone in the end", () =>
  withTree(async ({ run }) => {
    const { stderr, stdout } = await run([], { isTerminal: true, columns: 60 });
    const lines = stderr.replaceAll("\r\x1b[K", "<clear>");
    assert.match(lines, /^<clear>\d+ blobs? \(.*\), \d+ manifests?, \d+ tags?.*<clear>$/);
    assert.match(stdout, /Imported from/);
  }));

const FAILURES = [
  {
    name: "no tree",
    args: ["/nonexistent"],
    code: 1,
    message: /no storage tree of distribution in \/nonexistent/,
  },
  { name: "a wrong glob", args: [".", "--repository", "a\\"], code: 2, message: /--repository: glob "a\\"/ },
  { name: "no directory", args: [], code: 2, message: /missing required argument 'dir'/ },
] as const;

for (const { name, args, code, message } of FAILURES)
  test(`${name} is refused`, async () => {
    const result = await stowageHere(["import", ...args]);
    assert.equal(result.code, code);
    assert.match(result.stderr, message);
  });

test("a registry in memory is refused", () =>
  withTree(async ({ tree }) => {
    const environment = { REGISTRY_STORAGE: "inmemory" };
    const { code, stderr } = await stowageHere(["import", tree.directory], { environment });
    assert.equal(code, 1);
    assert.match(stderr, /in memory, where an import would be lost/);
  }));

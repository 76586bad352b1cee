import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { stowage, stowageHere } from "./cli.ts";

const PAGE = readFileSync(new URL("../../docs/command-line.md", import.meta.url), "utf8");

const PACKAGE: { version: string } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
);

/** The commands that tell what is there and keep a registry's house, and what they consist of. */
const KEEPING = [
  "repositories",
  "usage",
  "gc",
  "explain",
  "retention",
  "uploads",
  "trash",
  "tags",
  "scrub",
  "fsck",
  "snapshot",
];
const LEAVES = [
  "repositories",
  "tags list",
  "usage",
  "gc run",
  "gc status",
  "explain",
  "retention simulate",
  "retention apply",
  "uploads list",
  "uploads abort",
  "trash list",
  "trash restore",
  "trash purge",
  "tags history",
  "tags restore",
  "scrub",
  "fsck",
  "snapshot",
];

test("version tells the package's version", async () => {
  const { code, stdout } = await stowage(["version"]);
  assert.equal(code, 0);
  assert.ok(stdout.startsWith(`stowage ${PACKAGE.version} (Node.js ${process.versions.node}`), stdout);
  assert.equal((await stowage(["--version"])).stdout, `${PACKAGE.version}\n`);
});

test("version --json is one object", async () => {
  const { stdout } = await stowage(["version", "--json"]);
  const platform = `${process.platform} ${process.arch}`;
  const { commit, buildTime, ...rest } = JSON.parse(stdout);
  assert.deepEqual(rest, { version: PACKAGE.version, node: process.versions.node, platform });
  // A checkout that was not built; test/commands/build-info.test.ts has the others.
  assert.deepEqual([commit, buildTime], ["unknown", "unknown"]);
});

test("--help names every command, and each command's help has examples", async () => {
  const { code, stdout } = await stowage(["--help"]);
  assert.equal(code, 0);
  for (const command of [
    "serve",
    "gateway",
    "check-config",
    "events",
    "consumers",
    "webhooks",
    "auth",
    "tokens",
    ...KEEPING,
    "health",
    "version",
  ])
    assert.match(stdout, new RegExp(`^  ${command}(?:\\|\\w+)? `, "m"));
  for (const command of [
    "serve",
    "gateway",
    "check-config",
    "events",
    "consumers",
    "webhooks",
    "auth",
    "tokens",
    ...KEEPING,
  ])
    assert.match(
      (await stowageHere([command, "--help"])).stdout,
      new RegExp(`Examples:\\n +stowage ${command}`),
    );
});

for (const command of LEAVES) {
  test(`"stowage ${command}" works offline too, and docs/command-line.md has its options`, async () => {
    const { code, stdout } = await stowageHere([...command.split(" "), "--help"]);
    assert.equal(code, 0);
    const shown = optionsIn(stdout);
    for (const option of ["--server", "--offline", "--config", "--json"])
      assert.ok(shown.has(option), option);
    const form = new RegExp(`^\\| \`stowage ${command.replace(" run", "")}[ \`]`);
    const row = PAGE.split("\n").find((line) => form.test(line)) ?? assert.fail("it is not on the page");
    for (const option of shown) assert.ok(EVERYWHERE.has(option) || row.includes(option), option);
  });
}

for (const command of ["health", "version"]) {
  test(`docs/command-line.md has the options of "stowage ${command}"`, async () => {
    const shown = optionsIn((await stowageHere([command, "--help"])).stdout);
    const row = PAGE.split("\n").find((line) => line.startsWith(`| \`stowage ${command} `)) ?? "";
    for (const option of shown) assert.ok(EVERYWHERE.has(option) || row.includes(option), option);
  });
}

/** Those that the page tells of once for all. */
const EVERYWHERE = new Set([
  "--allow-plaintext",
  "--ca",
  "--cert",
  "--config",
  "--help",
  "--json",
  "--key",
  "--offline",
  "--server",
  "--token-file",
  "--yes",
]);

function optionsIn(help: string): ReadonlySet<string> {
  return new Set([...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option = ""]) => option));
}

// A wrong command line: exit code 2, and what is wrong on standard error.
const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [["evnts"], /unknown command 'evnts'\n\(Did you mean events\?\)/],
  [["serve", "--no-such-option"], /unknown option '--no-such-option'/],
  [["serve", "a.yml", "--config", "b.yml"], /both b\.yml and a\.yml are named/],
  [
    ["serve", "/nowhere/config.yml"],
    /\/nowhere\/config\.yml: the file cannot be read: there is no such file/,
  ],
  [["gateway"], /required option '-u, --upstream <url>' not specified/],
  [["gateway", "--upstream", "ftp://x"], /"ftp:\/\/x" is not the URL of a server/],
  [["gateway", "--upstream", "x", "--addr", "y"], /--addr: http\.addr: expected HOST:PORT/],
  [
    ["gateway", "--upstream", "x", "--addr", ":5080"],
    /--addr: http\.addr: ":5080" can be reached from other machines/,
  ],
  [["events", "--kind", "party"], /--kind party: the kinds are repository_created, /],
  [["events", "--from", "now"], /--from now needs --follow/],
  [["events", "--server", "http://a/v2/"], /is not the URL of a server/],
];
for (const [args, expected] of WRONG) {
  test(`"stowage ${args.join(" ")}" is refused with code 2`, async () => {
    const { code, stdout, stderr } = await stowageHere(args);
    assert.equal(code, 2, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, /^stowage: /);
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /^ +at /m);
  });
}

test("a wrong command line ends the process with code 2 too", async () => {
  assert.equal((await stowage(["evnts"])).code, 2);
});

test("without a command the help is printed, with code 2", async () => {
  const { code, stderr } = await stowageHere([]);
  assert.equal(code, 2);
  assert.match(stderr, /^Usage: stowage/);
});

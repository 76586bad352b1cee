// Globs: what each sign stands for, and that no pattern makes matching slow.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RegistryError } from "../../src/oci/errors.ts";
import { parseGlob } from "../../src/oci/glob.ts";

/** Pattern, texts that match, texts that do not. */
const CASES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["team/app", ["team/app"], ["team", "team/app/x", "team/ap", "Team/app", ""]],
  ["*", ["", "app", "v1.2.3"], ["a/b", "/"]],
  ["**", ["", "app", "a/b/c"], []],
  ["team/*", ["team/app", "team/"], ["team", "team/app/x", "teams/app"]],
  ["team/**", ["team/app", "team/app/x"], ["team", "teams/app"]],
  ["team-**", ["team-", "team-a", "team-a/b"], ["team", "a/team-a"]],
  ["team/**/app", ["team/a/app", "team//app"], ["team/app", "teams/a/app", "team/a/apps"]],
  ["te?m/**", ["team/", "term/a/b"], ["te/m/a", "team"]],
  ["\\**", ["*", "*a"], ["a", "a*", "*a/b"]],
  ["\\***", ["*", "*a", "*a/b"], ["a", "a*"]],
  ["\ud83d**", ["\ud83d", "\ud83da"], ["😀", "a"]],
  ["**/app", ["a/app", "a/b/app", "/app"], ["app", "a/apps"]],
  ["*/app", ["a/app"], ["a/b/app", "app"]],
  ["a*c", ["ac", "abc", "abbbc"], ["a/c", "abcd"]],
  ["a**c", ["ac", "a/c", "a/b/c"], ["a/b", "bac"]],
  ["a***c", ["ac", "a/b/c"], ["a/b"]],
  ["v?.0", ["v1.0", "v😀.0"], ["v.0", "v12.0", "v/.0"]],
  ["v1.*", ["v1.0", "v1."], ["v10", "v1x0"]],
  ["*-rc*", ["1-rc", "1-rc2", "-rc-rc"], ["1-r"]],
  ["*.*.*", ["1.2.3", "1.2.3.4", ".."], ["1.2"]],
  ["application/vnd.*+json", ["application/vnd.oci.image.manifest.v1+json"], ["application/json"]],
  ["a\\*b", ["a*b"], ["aab", "a\\*b"]],
  ["\\?\\\\", ["?\\"], ["a\\"]],
  ["[a-z](x)|^$", ["[a-z](x)|^$"], ["ax"]],
];
for (const [pattern, matching, others] of CASES) {
  test(`${pattern} matches what it should and nothing else`, () => {
    const glob = parseGlob(pattern);
    assert.equal(glob.text, pattern);
    for (const text of matching) assert.ok(glob.matches(text), `"${text}" must match`);
    for (const text of others) assert.ok(!glob.matches(text), `"${text}" must not match`);
  });
}

test("a glob that cannot be read is refused with its text", () => {
  const refusals: readonly (readonly [string, RegExp])[] = [
    ["", /glob "" is empty/],
    ["team\\", /glob "team\\" ends with/],
    ["a".repeat(513), /glob "a{80}…" has 513 characters; at most 512/],
  ];
  for (const [text, message] of refusals) {
    assert.throws(
      () => parseGlob(text),
      (error: RegistryError) => error.code === "FILTER_INVALID" && message.test(error.message),
    );
  }
  assert.ok(parseGlob("a".repeat(512)).matches("a".repeat(512)));
});

// Each would keep a matcher that tries one way after the other busy for ages.
for (const pattern of ["a*".repeat(255), "**a".repeat(170), "*?".repeat(255), "a**b*".repeat(100)]) {
  test(`${pattern.slice(0, 12)}… against a long text that does not match comes to an end`, () => {
    assert.equal(parseGlob(`${pattern}!`).matches("a".repeat(10_000)), false);
  });
}

test("what one glob has matched does not change what it matches next", () => {
  const glob = parseGlob("a/*b");
  assert.deepEqual(
    ["a/b", "a/c", "a/cb", "", "a/b"].map((text) => glob.matches(text)),
    [true, false, true, false, true],
  );
});

test("a glob of any length matches as a short one does", () => {
  for (let length = 25; length <= 70; length++) {
    const start = "a".repeat(length);
    const glob = parseGlob(`${start}*b?**c`);
    for (const text of ["bxc", "xxbxc", "bxx/c", "bbc"])
      assert.ok(glob.matches(start + text), `${length} ${text}`);
    for (const text of ["bc", "x/bxc", "b/c", "bxcx", ""])
      assert.ok(!glob.matches(start + text), `${length} ${text}`);
    assert.ok(!glob.matches(`${start.slice(1)}bxc`));
    assert.ok(parseGlob(`**${start}`).matches(`aa/${start}`));
  }
});

test("a hundred of the worst globs hold nobody up", () => {
  const globs = Array.from({ length: 100 }, (_, index) => parseGlob(`${"*a".repeat(250)}${index}`));
  const begun = performance.now();
  for (let round = 0; round < 20; round++)
    for (const glob of globs) assert.ok(!glob.matches(`${"a".repeat(250)}b${round}`));
  const took = performance.now() - begun;
  assert.ok(took < 2000, `it took ${took} ms`); // 20 names; all ways one by one take 7 ms for each glob
});

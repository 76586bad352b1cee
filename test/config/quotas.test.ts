// quotas: what repositories may hold at most. What somebody wrote as a limit must be one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { complaints, file, read } from "./reading.ts";

const quotas = (...lines: readonly string[]) => file("quotas:", ...lines.map((line) => `  - ${line}`));

const FULL = [
  "{ name: teams, repositories: ['team/**', base], bytes: 50GiB }",
  "{ repositories: 'acme/apps/**', scope: together, bytes: 1TB, tags: 10000 }",
  "{ repositories: '**', scope: together, tags: 5 }",
];

test("quotas are read with their names, globs and limits", () => {
  const { config, withoutEffect, warnings } = read({ yaml: quotas(...FULL) });
  assert.deepEqual(config.quotas, [
    { name: "teams", repositories: ["team/**", "base"], scope: "each", bytes: 50 * 2 ** 30 },
    { name: "quota 2", repositories: ["acme/apps/**"], scope: "together", bytes: 1e12, tags: 10_000 },
    { name: "quota 3", repositories: ["**"], scope: "together", tags: 5 },
  ]);
  assert.ok(Object.isFrozen(config.quotas[0]?.repositories));
  assert.deepEqual([withoutEffect, warnings], [[], []]);
});

test("what check-config prints means the same", () => {
  const first = read({ yaml: quotas(...FULL) });
  const again = read({ yaml: JSON.stringify(first.effective) });
  assert.deepEqual(again.config, first.config);
});

test("there are none unless they are set", () => assert.deepEqual(read({}).config.quotas, []));

test("variables write quotas", () => {
  const { config } = read({
    environment: {
      REGISTRY_QUOTAS_0_REPOSITORIES: "ci/**",
      REGISTRY_QUOTAS_0_SCOPE: "together",
      REGISTRY_QUOTAS_0_BYTES: "20MiB",
      REGISTRY_QUOTAS_1_REPOSITORIES_0: "a",
      REGISTRY_QUOTAS_1_TAGS: "7",
    },
  });
  assert.deepEqual(config.quotas, [
    { name: "quota 1", repositories: ["ci/**"], scope: "together", bytes: 20 * 2 ** 20 },
    { name: "quota 2", repositories: ["a"], scope: "each", tags: 7 },
  ]);
});

// Each is wrong; the one complaint begins with the place and must match.
const WRONG: readonly (readonly [string, string, RegExp])[] = [
  [
    "{ bytes: 1 }",
    "0.repositories",
    /it is missing; each quota needs a glob.*for all repositories write "\*\*"/,
  ],
  ["{ repositories: , bytes: 1 }", "0.repositories", /expected a glob, or a list of globs, found null/],
  ["{ repositories: Team/*, bytes: 1 }", "0.repositories", /matches no repository.*not "T"/],
  [
    "{ repositories: a }",
    "0",
    /it limits nothing; give it bytes \(such as 50GiB\), tags \(such as 1000\), or both/,
  ],
  ["{ repositories: a, bytes: 0 }", "0.bytes", /expected a number of bytes above 0.*found 0/],
  ["{ repositories: a, bytes: 50G }", "0.bytes", /found "50G".*write "50GiB"/],
  ["{ repositories: a, bytes: many }", "0.bytes", /found "many"/],
  ["{ repositories: a, bytes: -1 }", "0.bytes", /found -1/],
  ["{ repositories: a, tags: 0 }", "0.tags", /expected a whole number, at least 1, found 0/],
  ["{ repositories: a, tags: 1.5 }", "0.tags", /found 1\.5/],
  ["{ repositories: a, tags: 1, scope: all }", "0.scope", /expected `?each`? or `?together`?, found "all"/],
  ["{ repositories: a, byte: 1 }", "0.byte", /did you mean "?bytes/],
  [
    "{ repositories: [a/**, b/**], scope: together, tags: 1 }",
    "0.repositories",
    /a quota is about one path; write a quota for each/,
  ],
  ["a", "0", /expected a map such as \{repositories: "team\/\*\*", bytes: 50GiB\}/],
];

for (const glob of ["team", "team/*", "*/**", "a/b/c/d/**", "te*/**", "team/**/x", "tea?/**"])
  test(`together is refused for ${glob}, which no path is`, () => {
    const found = complaints({ yaml: quotas(`{ repositories: '${glob}', scope: together, bytes: 1GiB }`) });
    assert.equal(found.length, 1);
    assert.match(
      found[0] ?? "",
      /quotas\.0\.repositories.*must be "\*\*" or a path of one to three components/,
    );
  });

for (const [line, place, message] of WRONG)
  test(`"${line}" is refused`, () => {
    const found = complaints({ yaml: quotas(line) });
    assert.equal(found.length, 1, found.join("\n"));
    assert.ok(found[0]?.includes(`quotas.${place}`), found[0]);
    assert.match(found[0] ?? "", message);
  });

test("no two quotas share a name", () => {
  const twice = quotas("{ name: x, repositories: a, tags: 1 }", "{ name: x, repositories: b, tags: 1 }");
  assert.match(complaints({ yaml: twice }).join(), /quotas\.1\.name.*"x" is the name of element 0 too/);
  const placed = quotas("{ name: quota 2, repositories: a, tags: 1 }", "{ repositories: b, tags: 1 }");
  assert.match(complaints({ yaml: placed }).join(), /"quota 2" is the name of element 0 too/);
});

for (const yaml of [file("quotas:"), file("quotas: []")])
  test(`${JSON.stringify(yaml)} is refused: somebody believes that it limits something`, () => {
    assert.match(complaints({ yaml }).join(), /a list without quotas limits nothing/);
  });

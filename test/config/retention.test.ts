// retention: rules that remove tags. A slip must never remove more than was meant.
import assert from "node:assert/strict";
import { test } from "node:test";
import { complaints, file, read } from "./reading.ts";

const rules = (...lines: readonly string[]) =>
  file("retention:", "  rules:", ...lines.map((line) => `    - ${line}`));

const FULL = [
  "{ name: releases, repositories: [team/**, base], tags: 'v*', keep: { always: true } }",
  "{ repositories: 'team/**', keep: { newest: 10, pushedwithin: 30d, pulledwithin: 90d, tags: [latest, stable-?] } }",
];

test("rules are read with their names, globs and conditions", () => {
  const { config, withoutEffect, warnings } = read({ yaml: rules(...FULL) });
  assert.deepEqual(config.retention, {
    rules: [
      { name: "releases", repositories: ["team/**", "base"], tags: ["v*"], keep: { always: true } },
      {
        name: "rule 2",
        repositories: ["team/**"],
        tags: ["**"],
        keep: {
          newest: 10,
          pushedWithinMs: 2_592_000_000,
          pulledWithinMs: 7_776_000_000,
          tags: ["latest", "stable-?"],
        },
      },
    ],
  });
  assert.ok(Object.isFrozen(config.retention.rules[1]?.keep.tags));
  assert.deepEqual([withoutEffect, warnings], [[], []]);
});

test("what check-config prints means the same", () => {
  const first = read({ yaml: rules(...FULL) });
  const again = read({ yaml: JSON.stringify(first.effective) });
  assert.deepEqual(again.config, first.config);
});

test("interval and untagged are absent unless they are set", () => {
  assert.deepEqual(read({}).config.retention, { rules: [] });
  const { config } = read({ yaml: file("retention: { interval: 1d, untagged: 2w }") });
  assert.deepEqual(config.retention, { intervalMs: 86_400_000, untaggedMs: 1_209_600_000, rules: [] });
});

test("an interval with nothing to apply is warned of", () => {
  assert.match(read({ yaml: file("retention: { interval: 1d }") }).warnings.join(), /does nothing without/);
});

test("variables write rules", () => {
  const { config } = read({
    environment: {
      REGISTRY_RETENTION_RULES_0_REPOSITORIES: "ci/**",
      REGISTRY_RETENTION_RULES_0_KEEP_NEWEST: "5",
      REGISTRY_RETENTION_RULES_0_KEEP_TAGS_0: "main",
    },
  });
  assert.deepEqual(config.retention.rules, [
    { name: "rule 1", repositories: ["ci/**"], tags: ["**"], keep: { newest: 5, tags: ["main"] } },
  ]);
});

const KEEP = "keep: { newest: 1 }";

// Each is wrong; the one complaint begins with the place and must match.
const WRONG: readonly (readonly [string, string, RegExp])[] = [
  [
    `{ ${KEEP} }`,
    "0.repositories",
    /it is missing; each rule needs a glob.*for all repositories write "\*\*"/,
  ],
  [`{ repositories: , ${KEEP} }`, "0.repositories", /expected a glob, or a list of globs, found null/],
  [`{ repositories: [], ${KEEP} }`, "0.repositories", /found \[\]/],
  [`{ repositories: [a, 'b\\'], ${KEEP} }`, "0.repositories.1", /glob "b\\" ends with/],
  [`{ repositories: Team/*, ${KEEP} }`, "0.repositories", /glob "Team\/\*" matches no repository.*not "T"/],
  [`{ repositories: 'a,b', ${KEEP} }`, "0.repositories", /not "," *; write several globs as a list/],
  [`{ repositories: a, tags: , ${KEEP} }`, "0.tags", /found null/],
  [`{ repositories: a, tags: '^v.*$', ${KEEP} }`, "0.tags", /glob "\^v\.\*\$" matches no tag.*not "\^"/],
  [`{ repositories: a, tags: 'v{1,2}', ${KEEP} }`, "0.tags", /not "\{"; write several globs as a list/],
  [`{ repositories: a, tags: 'a/b', ${KEEP} }`, "0.tags", /matches no tag/],
  ["{ repositories: a }", "0.keep", /a rule that keeps nothing would remove every tag.*newest, pushedwithin/],
  ["{ repositories: a, keep: }", "0.keep", /keeps nothing/],
  ["{ repositories: a, keep: {} }", "0.keep", /keeps nothing/],
  ["{ repositories: a, keep: { always: false } }", "0.keep", /keeps nothing/],
  ["{ repositories: a, keep: { newest: } }", "0.keep", /keeps nothing/],
  ["{ repositories: a, keep: { newest: 0 } }", "0.keep.newest", /at least 1, found 0/],
  ["{ repositories: a, keep: { newest: 1, tags: } }", "0.keep.tags", /found null/],
  ["{ repositories: a, keep: { tags: [v*, 'V 1'] } }", "0.keep.tags.1", /glob "V 1" matches no tag.*not " "/],
  ["{ repositories: a, keep: { pushedwithin: 30 } }", "0.keep.pushedwithin", /for seconds write "30s"/],
  ["{ repositories: a, keep: { pushedwithin: 0 } }", "0.keep.pushedwithin", /above 0/],
  [
    "{ repositories: a, keep: { pushed: 1d, newest: 1 } }",
    "0.keep.pushed",
    /did you mean keep\.pushedwithin\?/,
  ],
  ["{ repositories: a, keep: { newst: 1, always: true } }", "0.keep.newst", /did you mean keep\.newest\?/],
  [`{ repository: a, repositories: b, ${KEEP} }`, "0.repository", /did you mean repositories\?/],
  [`{ name: '', repositories: a, ${KEEP} }`, "0.name", /expected 1 to 64/],
  ["all", "0", /expected a map such as/],
];
for (const [rule, place, message] of WRONG) {
  test(`the rule ${rule} is refused`, () => {
    const found = complaints({ yaml: rules(rule) });
    assert.equal(found.length, 1, found.join("\n"));
    const [, path, ...words] = found[0]?.split(" ") ?? [];
    assert.match(path ?? "", new RegExp(`^retention\\.rules\\.${place}$`));
    assert.match(words.join(" "), message);
  });
}

test("two rules of one name are refused, given or counted", () => {
  const [found = ""] = complaints({
    yaml: rules(`{ name: rule 2, repositories: a, ${KEEP} }`, `{ repositories: b, ${KEEP} }`),
  });
  assert.match(found, /retention\.rules\.1\.name "rule 2" is the name of element 0 too/);
});

for (const value of ["", "[]", "~"]) {
  test(`rules: "${value}" is refused, not taken for none`, () => {
    const found = complaints({ yaml: file("retention:", `  rules: ${value}`) });
    assert.match(found.join(), /a list without rules removes nothing; leave retention\.rules out/);
  });
}

test("pulledwithin needs counts of pulls", () => {
  const rule = "{ repositories: a, keep: { pulledwithin: 1d } }";
  const found = complaints({ yaml: `${rules(rule)}events: { pulls: { enabled: false } }\n` });
  assert.equal(found.length, 1);
  assert.match(found[0] ?? "", /retention\.rules\.0\.keep\.pulledwithin .*events\.pulls\.enabled is false/);
});

for (const line of ["untagged: 0", "interval: 0", "untagged: 7", "intervall: 1d"]) {
  test(`"retention: { ${line} }" is refused`, () => {
    assert.equal(complaints({ yaml: file(`retention: { ${line} }`) }).length, 1);
  });
}

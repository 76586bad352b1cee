import assert from "node:assert/strict";
import { test } from "node:test";
import { usageKeysOf } from "../../src/metadata/usage-keys.ts";
import { parseRepositoryName } from "../../src/oci/reference.ts";

const ROWS: Readonly<Record<string, readonly string[]>> = {
  a: ["R/a", "A/"],
  "a/b": ["R/a\x01b", "A/", "A/a"],
  "a/b/c": ["R/a\x01b\x01c", "A/", "A/a", "A/a\x01b"],
  "a/b/c/d": ["R/a\x01b\x01c\x01d", "A/", "A/a", "A/a\x01b", "A/a\x01b\x01c"],
  "a/b/c/d/e": ["R/a\x01b\x01c\x01d\x01e", "A/", "A/a", "A/a\x01b", "A/a\x01b\x01c"],
};

for (const [repository, rows] of Object.entries(ROWS)) {
  test(`${repository} is counted in ${rows.length} rows`, () => {
    const keys = usageKeysOf(parseRepositoryName(repository));
    assert.deepEqual(
      keys.map(({ text }) => text),
      rows,
    );
  });
}

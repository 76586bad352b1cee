import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CONFIGURATION_PAGE, renderConfigurationPage } from "../../scripts/generate-configuration-page.ts";
import { KEYS } from "../../src/config/keys.ts";

test("docs/configuration.md is what the table of keys says (npm run generate:configuration)", () => {
  assert.equal(readFileSync(CONFIGURATION_PAGE, "utf8"), renderConfigurationPage());
});

test("every default is a value that its own key accepts", () => {
  const all = [...KEYS].flatMap(([path, key]) => [[path, key] as const, ...(key.elements?.keys ?? [])]);
  for (const [path, key] of all) {
    if (key.default !== undefined) assert.ok(key.schema.safeParse(key.default).success, path);
  }
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { COMMANDS_PAGE, renderCommandsPage } from "../../scripts/generate-commands-page.ts";
import { ERRORS_PAGE, renderErrorsPage } from "../../scripts/generate-errors-page.ts";

test("docs/errors.md is what the tables of codes say (npm run generate:errors)", () => {
  assert.equal(readFileSync(ERRORS_PAGE, "utf8"), renderErrorsPage());
});

test("docs/commands.md is what the commands take (npm run generate:commands)", () => {
  assert.equal(readFileSync(COMMANDS_PAGE, "utf8"), renderCommandsPage());
});

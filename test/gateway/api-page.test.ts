// docs/api.md is made from the route table, and the table is fit to be read.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROUTES } from "../../gateway/routes.ts";
import { renderApiPage } from "../../scripts/api-page.ts";

test("docs/api.md is what the route table says (npm run generate:api)", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/api.md"), "utf8");
  assert.equal(page, renderApiPage());
});

test("every route has a name, a method and a path of its own", () => {
  assert.equal(new Set(ROUTES.map((route) => route.id)).size, ROUTES.length);
  assert.equal(new Set(ROUTES.map((route) => `${route.method} ${route.path}`)).size, ROUTES.length);
});

test("every placeholder of a path is explained", () => {
  for (const route of ROUTES) {
    const placeholders = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    assert.deepEqual(
      route.pathParameters.map((parameter) => parameter.name),
      placeholders,
      route.id,
    );
  }
});

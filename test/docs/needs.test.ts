// The table at the end of docs/auth.md: what each RPC and each route needs.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Agent, fetch } from "undici";
import { lacking } from "../support/required-tools.ts";
import { AuthBench } from "./auth-bench.ts";
import { type NeedsOfCalls, needsOfRoutes, needsOfRpcs } from "./needs-of-calls.ts";
import { Page } from "./page.ts";

const page = await Page.read("auth.md");

/** Without the two lines of its head. */
const rows = page.section("What each call needs").rows.slice(1);

suite("the table of needs in docs/auth.md", () => {
  test("says of each RPC what reception demands", () => {
    assert.deepEqual(column(1), needsOfRpcs());
  });

  test("says of each route what a registry asks of who has no name", {
    skip: lacking("bash", "openssl"),
  }, async () => {
    await using bench = await AuthBench.open(page);
    await bench.run("users.sh");
    bench.changes.set("{who: anyone, allow: pull}", "{who: authenticated, allow: pull}");
    await bench.serve("team.yml");
    const dispatcher = new Agent({ connect: { ca: await bench.authority.text() } });
    try {
      const found = await needsOfRoutes((method, path) => fetch(bench.url + path, { method, dispatcher }));
      assert.deepEqual(column(2), found);
    } finally {
      await dispatcher.close();
    }
  });
});

/** Needs, and the calls in this column that have them. */
function column(index: number): NeedsOfCalls {
  const cells = rows.map((row) => [row[0] ?? "", callsIn(row[index] ?? "")] as const);
  return new Map(cells.filter(([, calls]) => calls.length > 0));
}

function callsIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, call = ""]) => call);
}

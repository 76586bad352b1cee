// The list of repositories where not all may be shown.
import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestCountKey } from "../../src/metadata/keys.ts";
import { add } from "../../src/metadata/metadata-store.ts";
import { parseRepositoryName } from "../../src/oci/reference.ts";
import { withCore } from "./study.ts";

test("a page is filled with those that are chosen, and tells of no other", () =>
  withCore({}, async ({ core, context }) => {
    const names = Array.from({ length: 2500 }, (_, index) => `r${String(index).padStart(4, "0")}`);
    const changes = names.map((name) => add(manifestCountKey(parseRepositoryName(name)), 1));
    await context.metadata.commit({ changes });
    const isChosen = (name: string) => name.endsWith("99") || name === "r2499";
    const first = await core.listRepositories({ limit: 10 }, isChosen);
    assert.equal(first.items.length, 10);
    assert.equal(first.more, true);
    const seen: string[] = [...first.items];
    for (let page = first; page.more; ) {
      const after = page.items.at(-1) ?? assert.fail("a page that is not the last must end with a name");
      page = await core.listRepositories({ limit: 10, after }, isChosen);
      seen.push(...page.items);
    }
    assert.deepEqual(seen, names.filter(isChosen));
    assert.deepEqual(await core.listRepositories({ limit: 10 }, () => false), { items: [], more: false });
  }));

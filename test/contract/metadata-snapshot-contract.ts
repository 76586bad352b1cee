// What the card catalogue promises about snapshots. Called by metadata-store-contract.ts.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { digestEntryOf, repositoryEntryOf, tagEntryOf } from "../../src/metadata/entry-names.ts";
import {
  allTags,
  linkKey,
  links,
  manifestCountKey,
  manifestKey,
  manifests,
  repositories,
  repositoryKey,
  tagKey,
} from "../../src/metadata/keys.ts";
import { add, type MetadataSnapshot, type MetadataStore, put } from "../../src/metadata/metadata-store.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";
import type { OpenedMetadataStore } from "./metadata-store-contract.ts";

const digest = digestOf(Buffer.from("one"));
const manifest = { mediaType: "a/b", size: 1, createTime: 1, revision: 1 };
const tagged = { digest, mediaType: "a/b", size: 1, updateTime: 1 };

export function testMetadataSnapshots(open: () => Promise<OpenedMetadataStore>): void {
  describe("snapshots", () => {
    let opened: OpenedMetadataStore;
    let metadata: MetadataStore;

    beforeEach(async () => {
      opened = await open();
      metadata = opened.metadata;
    });
    afterEach(() => opened.dispose());

    /** Makes a repository and announces it. */
    const create = (name: string) => {
      const repository = parseRepositoryName(name);
      return metadata.commit({
        changes: [
          put(repositoryKey(repository), { createTime: 1 }),
          put(linkKey(repository, digest), { size: 1, createTime: 1 }),
          put(manifestKey(repository, digest), manifest),
          put(tagKey(repository, parseTag("latest")), tagged),
          add(manifestCountKey(repository), 1),
        ],
        events: [{ id: name, time: 1, repository, fact: { kind: "repository_created" } }],
      });
    };
    const keysIn = async (snapshot: MetadataSnapshot) => {
      const keys: string[] = [];
      for (let after: string | undefined; ; ) {
        const rows = await snapshot.rows({ limit: 3, ...(after !== undefined && { after }) });
        keys.push(...rows.map(({ key }) => key));
        after = rows.at(-1)?.key;
        if (after === undefined) return keys;
      }
    };
    const namesIn = async (snapshot: MetadataSnapshot) => {
      const names: string[] = [];
      for (let after: string | undefined; ; ) {
        const options = { limit: 7, ...(after === undefined ? {} : { after }) };
        const page = await snapshot.page(repositories, options);
        names.push(...page.map(({ name }) => repositoryEntryOf(name).repository));
        if (page.length < 7) return names;
        after = page.at(-1)?.name;
      }
    };

    test("tells all rows as they are written, in order, and none that comes later", async () => {
      for (const name of ["b", "a/x"]) await create(name);
      await using snapshot = await metadata.snapshot();
      const expected = await keysIn(snapshot);
      await create("a/later");
      assert.deepEqual(await keysIn(snapshot), expected);
      assert.deepEqual(expected, expected.toSorted());
      const without = expected.filter((key) => key !== "x/format");
      assert.deepEqual(
        without.map((key) => key.slice(0, 2)).join(" "),
        "c/ c/ e/ e/ l/ l/ m/ m/ r/ r/ s/ t/ t/",
      );
      const [row] = await snapshot.rows({ after: "r/", limit: 1 });
      assert.deepEqual(
        [row?.key, Buffer.from(row?.value ?? []).toString()],
        ["r/a\x01x", '1{"createTime":1}'],
      );
      // Large rows end an answer early.
      assert.equal((await snapshot.rows({ limit: 100, maxBytes: 1 })).length, 1);
    });

    test("a record is got as it was, whatever is remembered of it", async () => {
      await create("one");
      await using snapshot = await metadata.snapshot();
      const repository = parseRepositoryName("one");
      await metadata.commit({
        changes: [put(repositoryKey(repository), { createTime: 2 }), add(manifestCountKey(repository), 1)],
      });
      assert.deepEqual(await metadata.get(repositoryKey(repository)), { createTime: 2 });
      assert.deepEqual(await snapshot.get(repositoryKey(repository)), { createTime: 1 });
      assert.equal(await snapshot.get(manifestCountKey(repository)), 1);
      assert.equal(await snapshot.get(repositoryKey(parseRepositoryName("two"))), undefined);
    });

    test("page after page shows the moment of the last sequence, whatever is committed meanwhile", async () => {
      let done = false;
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        for (let index = 0; !done; index++) {
          await create(`${writer}/${index}`);
          await new Promise(setImmediate);
        }
      });
      for (let round = 0; round < 20; round++) {
        await using snapshot = await metadata.snapshot();
        await new Promise(setImmediate);
        const names = await namesIn(snapshot);
        const events = await metadata.readEvents(0, snapshot.lastSequence);
        assert.deepEqual(new Set(names), new Set(events.map(({ event }) => event.repository)));
        assert.equal(names.length, snapshot.lastSequence);
      }
      done = true;
      await Promise.all(writers);
    });

    test("records in memory do not show through", async () => {
      const repository = parseRepositoryName("a");
      await metadata.commit({ changes: [put(repositoryKey(repository), { createTime: 1 })] });
      await using snapshot = await metadata.snapshot();
      await metadata.commit({ changes: [put(repositoryKey(repository), { createTime: 2 })] });
      assert.deepEqual(await metadata.get(repositoryKey(repository)), { createTime: 2 });
      assert.deepEqual(await snapshot.page(repositories, { limit: 9 }), [
        { name: "a", record: { createTime: 1 } },
      ]);
    });

    test("everything can be walked, and its names say what it is about", async () => {
      const names = ["a", "a/b", "a-b"].map(parseRepositoryName);
      for (const name of names) await create(name);
      await using snapshot = await metadata.snapshot();
      const inOrder = ["a", "a/b", "a-b"];
      const linked = await snapshot.page(links, { limit: 9 });
      const held = await snapshot.page(manifests, { limit: 9 });
      const pointing = await snapshot.page(allTags, { limit: 9 });
      const digests = inOrder.map((repository) => ({ repository, digest }));
      const tags = inOrder.map((repository) => ({ repository, tag: "latest" }));
      assert.deepEqual(await namesIn(snapshot), inOrder);
      assert.deepEqual(
        linked.map(({ name }) => digestEntryOf(name)).toSorted(byText),
        digests.toSorted(byText),
      );
      assert.deepEqual(
        held.map(({ name }) => digestEntryOf(name)).toSorted(byText),
        digests.toSorted(byText),
      );
      assert.deepEqual(pointing.map(({ name }) => tagEntryOf(name)).toSorted(byText), tags.toSorted(byText));
      assert.deepEqual(held[0]?.record, manifest);
      assert.deepEqual(pointing[0]?.record, tagged);
    });

    test("a snapshot is lost when the store is closed, and the store closes nevertheless", async () => {
      await create("a");
      const snapshot = await metadata.snapshot();
      await metadata.close();
      await assert.rejects(snapshot.page(repositories, { limit: 1 }), { code: "UNAVAILABLE" });
      await snapshot.close();
    });
  });
}

function byText(left: unknown, right: unknown): number {
  return JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;
}

// What the card catalogue promises of rows of usage: they are written by sums and read as records.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { LimitExceeded } from "../../src/metadata/engine.ts";
import { repositoryKey } from "../../src/metadata/keys.ts";
import { expectRecord, type MetadataStore, put, sum } from "../../src/metadata/metadata-store.ts";
import { transact } from "../../src/metadata/transaction.ts";
import {
  storedKey,
  usageBelowKey,
  usageKey,
  usageKeysOf,
  usages,
  usagesBelow,
} from "../../src/metadata/usage-keys.ts";
import { NO_USAGE } from "../../src/metadata/usage-record.ts";
import { parseRepositoryName } from "../../src/oci/reference.ts";
import type { OpenedMetadataStore } from "./metadata-store-contract.ts";

const alpine = parseRepositoryName("library/alpine");
const key = usageKey(alpine);

export function testUsage(open: () => Promise<OpenedMetadataStore>): void {
  describe("usage", () => {
    let opened: OpenedMetadataStore;
    let metadata: MetadataStore;

    beforeEach(async () => {
      opened = await open();
      metadata = opened.metadata;
    });
    afterEach(() => opened.dispose());

    test("sums make a record, which is gone when all of them are 0", async () => {
      assert.equal(await metadata.get(key), undefined);
      await metadata.commit({ changes: [sum(key, { blobs: 1, bytes: 100, pushTime: 7 })] });
      assert.deepEqual(await metadata.get(key), { ...NO_USAGE, blobs: 1, bytes: 100, pushTime: 7 });
      await metadata.commit({ changes: [sum(key, { bytes: -50, tags: 2, pushTime: 5, pullTime: 1 })] });
      const expected = { ...NO_USAGE, blobs: 1, bytes: 50, tags: 2, pushTime: 7, pullTime: 1 };
      const record = await metadata.get(key);
      assert.deepEqual(record, expected);
      assert.ok(Object.isFrozen(record));
      await metadata.commit({ changes: [sum(key, { blobs: -1, bytes: -50, tags: -2 })] });
      assert.equal(await metadata.get(key), undefined);
    });

    test("what the cellar holds is a record of its own", async () => {
      await metadata.commit({ changes: [sum(storedKey, { blobs: 2, bytes: 9 })] });
      assert.deepEqual(await metadata.get(storedKey), { blobs: 2, bytes: 9 });
    });

    test("pages and snapshots have them, too", async () => {
      const usage = { ...NO_USAGE, blobs: 1, bytes: 3 };
      const keys = usageKeysOf(parseRepositoryName("a/b/c/d/e"));
      await metadata.commit({ changes: [...keys, key].map((each) => sum(each, { blobs: 1, bytes: 3 })) });
      const page = async (store: Pick<MetadataStore, "page">) => [
        ...(await store.page(usages, { limit: 10 })),
        ...(await store.page(usagesBelow, { limit: 10 })),
      ];
      const names = ["a\x01b\x01c\x01d\x01e", "library\x01alpine", "", "a", "a\x01b", "a\x01b\x01c"];
      const expected = names.map((name) => ({ name, record: usage }));
      assert.deepEqual(await page(metadata), expected);
      await using snapshot = await metadata.snapshot();
      await metadata.commit({ changes: [sum(key, { blobs: -1, bytes: -3 })] });
      assert.deepEqual(await page(snapshot), expected);
      assert.deepEqual(await snapshot.get(key), usage);
    });

    test("a record that is put can be expected, and counted on", async () => {
      const record = { ...NO_USAGE, blobs: 3, bytes: 9, pullTime: 4 };
      await metadata.commit({ changes: [put(key, record)] });
      assert.deepEqual(await metadata.get(key), record);
      await metadata.commit({
        changes: [sum(key, { tags: 1 })],
        expectations: [expectRecord(key, record)],
      });
      assert.deepEqual(await metadata.get(key), { ...record, tags: 1 });
    });

    test("what an attempt adds to a row is one change: only its net growth meets the limit", async () => {
      const all = usageBelowKey("");
      await metadata.commit({ changes: [sum(key, { tags: 10 })] });
      const limits = { tags: 10 };
      await transact(metadata, async (transaction) => {
        transaction.sum(key, { tags: 1, pushTime: 3 }, limits);
        transaction.sum(all, { tags: 1 });
        transaction.sum(key, { tags: -1, pushTime: 2 }, limits);
        transaction.sum(all, { tags: -1 });
      });
      assert.deepEqual(await metadata.get(key), { ...NO_USAGE, tags: 10, pushTime: 3 });
      assert.equal(await metadata.get(all), undefined);
      const growing = transact(metadata, async (transaction) => {
        transaction.put(repositoryKey(alpine), { createTime: 1 });
        transaction.sum(key, { tags: 2 }, limits);
        transaction.sum(key, { tags: -1 }, limits);
      });
      await assert.rejects(growing, (error) => {
        assert.ok(error instanceof LimitExceeded);
        assert.equal(error.used, 10);
        assert.equal(error.requested, 1);
        return true;
      });
      assert.equal(await metadata.get(repositoryKey(alpine)), undefined);
      assert.deepEqual(await metadata.get(key), { ...NO_USAGE, tags: 10, pushTime: 3 });
    });
  });
}

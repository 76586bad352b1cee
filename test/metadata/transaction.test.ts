// Transactions over the catalogue: what was read is still so when it is committed.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { repositoryKey } from "../../src/metadata/keys.ts";
import { openMemoryEngine } from "../../src/metadata/memory-engine.ts";
import { put } from "../../src/metadata/metadata-store.ts";
import { transact } from "../../src/metadata/transaction.ts";
import { parseRepositoryName } from "../../src/oci/reference.ts";

describe("transact", () => {
  const key = repositoryKey(parseRepositoryName("library/alpine"));
  let metadata: Catalogue;

  beforeEach(async () => {
    metadata = new Catalogue(await openMemoryEngine());
  });
  afterEach(() => metadata.close());

  test("300 increments at once by reading and writing all land", async () => {
    await Promise.all(
      Array.from({ length: 300 }, () =>
        transact(metadata, async (transaction) => {
          const { createTime } = (await transaction.get(key)) ?? { createTime: 0 };
          transaction.put(key, { createTime: createTime + 1 });
        }),
      ),
    );
    assert.deepEqual(await metadata.get(key), { createTime: 300 });
  });

  test("an attempt that met somebody else's change starts again and returns its last result", async () => {
    const seen: unknown[] = [];
    const result = await transact(metadata, async (transaction) => {
      seen.push(await transaction.get(key));
      if (seen.length === 1) await metadata.commit({ changes: [put(key, { createTime: 7 })] });
      transaction.put(key, { createTime: 8 });
      return seen.length;
    });
    assert.equal(result, 2);
    assert.deepEqual(seen, [undefined, { createTime: 7 }]);
    assert.deepEqual(await metadata.get(key), { createTime: 8 });
  });

  test("an attempt that changes nothing commits nothing", async () => {
    const record = await transact(metadata, async (transaction) => {
      const found = await transaction.get(key);
      await metadata.commit({ changes: [put(key, { createTime: 1 })] });
      return found;
    });
    assert.equal(record, undefined);
  });

  test("an attempt that throws changes nothing and is not repeated", async () => {
    let attempts = 0;
    const attempt = transact(metadata, async (transaction) => {
      attempts++;
      transaction.put(key, { createTime: 1 });
      throw new Error("no");
    });
    await assert.rejects(attempt, /no/);
    assert.equal(attempts, 1);
    assert.equal(await metadata.get(key), undefined);
  });

  test("an attempt that always meets somebody else gives up with UNAVAILABLE", async () => {
    let time = 0;
    const attempt = transact(metadata, async (transaction) => {
      await transaction.get(key);
      await metadata.commit({ changes: [put(key, { createTime: time++ })] });
      transaction.put(key, { createTime: -1 });
    });
    await assert.rejects(attempt, { code: "UNAVAILABLE" });
  });
});

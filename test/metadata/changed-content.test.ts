// LevelDB does not notice when a disk changes a byte of a table; a manifest's digest does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { contentKey } from "../../src/metadata/keys.ts";
import { openMemoryEngine } from "../../src/metadata/memory-engine.ts";
import { put } from "../../src/metadata/metadata-store.ts";
import { digestOf } from "../../src/oci/digest.ts";

test("a manifest's bytes that are not its digest's are as if they were not there", async () => {
  const engine = await openMemoryEngine();
  const content = Buffer.from(`{"schemaVersion":2}`);
  const key = contentKey(digestOf(content));
  const before = new Catalogue(engine);
  await before.commit({ changes: [put(key, content)] });
  assert.deepEqual(await before.get(key), content);
  const changed = Buffer.from(`{"schdmaVersion":2}`);
  await engine.commit({
    changes: [{ kind: "put", key: key.text, value: changed }],
    expectations: [],
    events: [],
  });
  const after = new Catalogue(engine);
  assert.equal(await after.get(key), undefined);
  await after.commit({ changes: [put(key, content)] });
  assert.deepEqual(await after.get(key), content);
  await after.close();
});

// Stores with clocks around them keep the promises of those without, and the clocks
// tell the time of the stores, not of their clients.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { MemoryBlobStore } from "../../src/blobs/memory-blob-store.ts";
import { MemoryUploadStore } from "../../src/blobs/memory-upload-store.ts";
import { METRICS } from "../../src/instruments/metric-table.ts";
import { storeMeasures } from "../../src/instruments/store-metrics.ts";
import { openMemoryEngine } from "../../src/metadata/memory-engine.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { blobInspectionContract } from "../contract/blob-inspection-contract.ts";
import { type BlobStoreBody, blobStoreContract } from "../contract/blob-store-contract.ts";
import { testEngine } from "../contract/engine-contract.ts";
import { uploadStoreContract } from "../contract/upload-store-contract.ts";
import { collect, someBytes } from "../support/byte-streams.ts";
import { parseExposition } from "../support/exposition.ts";
import { openTemporaryStores } from "../support/filesystem-stores.ts";

function openMeasures() {
  const metrics = new Metrics({
    definitions: Object.values(METRICS),
    report: (error) => assert.fail(String(error)),
  });
  return { metrics, measures: storeMeasures(metrics) };
}

const blobs: BlobStoreBody = {
  name: "filesystem, measured",
  open: async () => {
    const stores = await openTemporaryStores();
    return { blobs: openMeasures().measures.blobs(stores.blobs, "filesystem"), close: stores.close };
  },
};

blobStoreContract(blobs);
blobInspectionContract(blobs);

uploadStoreContract({
  name: "memory, measured",
  durable: false,
  open: async () => {
    const store = new MemoryBlobStore();
    const uploads = new MemoryUploadStore({ blobs: store, now: Date.now });
    const measured = openMeasures().measures.uploads(uploads, "inmemory");
    return { blobs: store, uploads: measured, close: () => uploads.close() };
  },
});

testEngine("memory, measured", async () => {
  const engine = openMeasures().measures.engine(await openMemoryEngine(), "inmemory");
  return { engine, dispose: () => engine.close() };
});

const ID = "0198c5a2-7f3e-7aaa-8000-000000000001";
const CONTENT = someBytes(100_000);
const DIGEST = digestOf(CONTENT);

/** So long a client takes between two steps, in milliseconds. */
const SLOWLY_MS = 100;

test("what a client waits for is no store's time, and every byte is counted", async () => {
  const { metrics, measures } = openMeasures();
  await using stores = await openTemporaryStores();
  const uploads = measures.uploads(stores.uploads, "filesystem");
  const store = measures.blobs(stores.blobs, "filesystem");
  let waitedMs = 0;
  const dawdle = async () => {
    const begin = performance.now();
    await wait(SLOWLY_MS);
    waitedMs += performance.now() - begin;
  };
  async function* slowly() {
    yield CONTENT.subarray(0, 50_000);
    await dawdle();
    yield CONTENT.subarray(50_000);
  }
  const begin = performance.now();
  await uploads.write(ID, { algorithm: "sha256" }, slowly());
  await uploads.commit(ID, DIGEST);
  for await (const _ of store.read(DIGEST, { offset: 0 })) await dawdle();
  assert.deepEqual(await collect(store.read(DIGEST, { offset: 99_000 })), CONTENT.subarray(99_000));
  const workedMs = performance.now() - begin - waitedMs;

  const series = parseExposition((await metrics.page()).body);
  const told = (name: string, action?: string) =>
    series.find((one) => one.name === name && one.labels.action === action)?.value;
  const [written, read] = ["stowage_blob_written_bytes_total", "stowage_blob_read_bytes_total"];
  assert.deepEqual([told(written), told(read)], [100_000, 101_000]);
  const actions = ["Writer", "Move", "Reader"];
  const counts = actions.map((action) => told("registry_storage_action_seconds_count", action));
  assert.deepEqual(counts, [1, 1, 2]);
  const seconds = actions.map((action) => told("registry_storage_action_seconds_sum", action) ?? 0);
  assert.ok(seconds.every((value) => value > 0));
  assert.ok(seconds.reduce((sum, value) => sum + value) * 1000 <= workedMs, "together no more than all took");
});

// What /debug/vars shows, which asks nobody for a password.
import assert from "node:assert/strict";
import { test } from "node:test";
import { registryFigures } from "../../src/instruments/debug-vars.ts";
import { diskReadings } from "../../src/instruments/disk-readings.ts";
import { DiskSpace } from "../../src/instruments/disk-space.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { openMemoryEngine } from "../../src/metadata/memory-engine.ts";
import { DeliveryCounts } from "../../src/notify/delivery-counts.ts";
import { webhookStatus } from "../../src/notify/webhook-status.ts";
import { file, read } from "../config/reading.ts";

const URLS: Readonly<Record<string, string>> = {
  "https://hooks.example.com/services/T0/B0/hush": "https://hooks.example.com/…",
  "https://user:hush@ci.example.com:8443/?key=hush": "https://ci.example.com:8443/…",
  "https://ci.example.com": "https://ci.example.com",
};

for (const [url, shown] of Object.entries(URLS)) {
  test(`of a webhook's URL ${url} is shown ${shown}`, async () => {
    const { config } = read({ yaml: file(`notifications: { endpoints: [{ name: a, url: "${url}" }] }`) });
    const [endpoint] = config.notifications.endpoints;
    assert.ok(endpoint);
    const metadata = new Catalogue(await openMemoryEngine());
    const record = {
      sequence: 0,
      createTime: 0,
      paused: false,
      delivered: 0,
      failedAttempts: 0,
      givenUp: 0,
      missed: 0,
    };
    const { figures: counts } = new DeliveryCounts();
    const status = webhookStatus(endpoint, record, { last: 0, trimmed: 0, deadLetters: 0, counts });
    const told = JSON.stringify(await registryFigures({ metadata, webhooks: () => [status] }));
    await metadata.close();
    assert.ok(told.includes(`"url":"${shown}"`), told);
    assert.doesNotMatch(told, /hush/);
  });
}

test("however many ask, a disk that hangs is asked once, and the rest is told all the same", async () => {
  let asked = 0;
  const ask = () => {
    asked += 1;
    return new Promise<never>(() => undefined);
  };
  const disk = new DiskSpace({ ask, now: Date.now });
  const metadata = new Catalogue(await openMemoryEngine());
  const parts = { metadata, webhooks: () => [], disk };
  void diskReadings(disk);
  const told = await Promise.all([registryFigures(parts), registryFigures(parts)]);
  await metadata.close();
  for (const figures of told)
    assert.deepEqual(Object(figures).storage, {
      driver: "filesystem",
      problem: "the disk does not answer within 2 s",
      blobs: 0,
      bytes: 0,
    });
  assert.equal(asked, 1);
});

test("why a disk cannot be asked is told; an answer stands for a second, a refusal too", async () => {
  let now = 0;
  let asked = 0;
  const figures = { freeBytes: 1, sizeBytes: 2 };
  const ask = async () => {
    asked += 1;
    if (asked === 1) throw new Error("ENOENT: no such file");
    return figures;
  };
  const disk = new DiskSpace({ ask, now: () => now });
  const metadata = new Catalogue(await openMemoryEngine());
  const storage = async () => Object(await registryFigures({ metadata, webhooks: () => [], disk })).storage;
  assert.equal((await storage()).problem, "ENOENT: no such file");
  now = 999;
  assert.equal((await storage()).problem, "ENOENT: no such file");
  now = 1000;
  assert.equal((await storage()).freeBytes, 1);
  await storage();
  await diskReadings(disk);
  await metadata.close();
  assert.equal(asked, 2);
});

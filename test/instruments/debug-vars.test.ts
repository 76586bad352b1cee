// What /debug/vars shows, which asks nobody for a password.
import assert from "node:assert/strict";
import { test } from "node:test";
import { registryFigures } from "../../src/instruments/debug-vars.ts";
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

// Plays every file of test/golden against a registry of its own, in one process
// and with the gateway in front of a remote registry.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { GATEWAY_MODES, type GatewayMode, openGatewayServer } from "./gateway-server.ts";
import { playGoldenFile } from "./golden-play.ts";

const FOLDER = join(import.meta.dirname, "../golden");

/** Small, so that a few tags and ranges show what happens at a limit. */
const LIMITS = { maxUrlLength: 2000, maxManifestSize: 1024, maxTags: 3, maxCatalogEntries: 3, maxRanges: 3 };

/** Files that need a registry of another kind. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "delete-disabled.http": { REGISTRY_STORAGE_DELETE_ENABLED: "false" },
  "quotas.http": {
    REGISTRY_QUOTAS: JSON.stringify([{ name: "tight", repositories: "tight/**", bytes: 20 }]),
  },
  "read-only.http": { REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED: "true" },
};

for (const name of readdirSync(FOLDER).filter((file) => file.endsWith(".http"))) {
  for (const mode of GATEWAY_MODES) test(`${name} holds, ${mode}`, () => play(name, mode));
}

async function play(name: string, mode: GatewayMode): Promise<void> {
  const server = await openGatewayServer({ mode, limits: LIMITS, settings: SETTINGS[name] ?? {} });
  try {
    await playGoldenFile(join(FOLDER, name), server.port);
    assert.deepEqual(server.anonymousCalls, [], "every call tells on whose behalf it is");
  } finally {
    await server.close();
  }
}

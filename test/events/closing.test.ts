// A registry that is closed in the middle of its work: nothing hangs, and nothing is logged as a failure.
import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Code, createClient } from "@connectrpc/connect";
import { v7 } from "uuid";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { createRegistry, type Registry } from "../../src/registry.ts";
import { createDirectTransport } from "../../src/rpc/direct-transport.ts";
import { dataFolder } from "../../src/stores.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { rejects } from "../contract/services/harness.ts";
import { appendMany } from "../core/log.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { testConfig } from "../support/test-registry.ts";

const EVENTS = 20_000;

/** A folder with a long event log. */
async function filledFolder(t: TestContext): Promise<string> {
  const folder = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(folder));
  const metadata = new Catalogue(await LevelEngine.open(join(dataFolder(folder), "metadata")));
  await appendMany(metadata, EVENTS);
  await metadata.close();
  return folder;
}

/** `lines`: what it logs, warnings too. */
function open(folder: string, settings: Record<string, string>, lines: string[]): Promise<Registry> {
  const destination = { isTerminal: false, write: (line: string) => void lines.push(line) };
  return createRegistry(testConfig({ folder, settings }), {
    logger: createLogger({ level: "warn", formatter: "json", fields: {} }, destination),
    now: Date.now,
    newId: v7,
    source: { address: "test:5000", instanceId: v7() },
    version: "test",
    keepaliveMs: 20,
  });
}

test("closing while old events are being removed is no failure, and they go after the next start", async (t) => {
  const folder = await filledFolder(t);
  const lines: string[] = [];
  const settings = { REGISTRY_EVENTS_RETENTION_COUNT: "1" };
  await (await open(folder, settings, lines)).close();
  assert.deepEqual(lines, []);
  const metadata = new Catalogue(await LevelEngine.open(join(dataFolder(folder), "metadata")));
  t.after(() => metadata.close());
  assert.ok(metadata.trimmedSequence() < EVENTS - 1, "it was closed in the middle of that");
});

test("a stream that is still open when the registry is closed ends with unavailable", async (t) => {
  const lines: string[] = [];
  const settings = { REGISTRY_EVENTS_RETENTION_AGE: "0", REGISTRY_EVENTS_RETENTION_COUNT: "0" };
  const registry = await open(await filledFolder(t), settings, lines);
  const events = createClient(EventService, createDirectTransport(registry.routes));
  const start = { case: "fromStart", value: {} } as const;
  const read = async () => {
    for await (const { message } of events.subscribe({ start }))
      if (message.case === "ready") await registry.close();
  };
  await rejects(read(), Code.Unavailable, "UNAVAILABLE");
  assert.deepEqual(lines, []);
});

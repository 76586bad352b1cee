// A whole registry without a network, able to delete, in memory or below a folder.
import { v7 } from "uuid";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createRegistry, type Registry } from "../../src/registry.ts";
import type { CallObserver } from "../../src/rpc/call-observer.ts";
import { createLogger, type Logger } from "../../src/telemetry/logger.ts";

export interface TestRegistryOptions {
  /** Where the data goes. Absent: memory. */
  readonly folder?: string;
  /** More settings, by the names of their environment variables. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Every quiet event stream sends a keepalive after so long; absent: 15 seconds. */
  readonly keepaliveMs?: number;
  /** Watches every call. Absent: nobody does. */
  readonly callObserver?: CallObserver | undefined;
}

/** They come a moment later than what is done, so only tests that are about them want them. */
const NO_PULLS = { REGISTRY_EVENTS_PULLS_ENABLED: "false" };

export function testConfig({ folder, settings }: TestRegistryOptions): Config {
  const storage: Record<string, string> =
    folder === undefined
      ? { REGISTRY_STORAGE: "inmemory" }
      : { REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: folder };
  const environment = { ...storage, REGISTRY_STORAGE_DELETE_ENABLED: "true", ...NO_PULLS, ...settings };
  return loadConfig({ environment, readText: (path) => path }).config;
}

/** Collects what is logged at error level; a test that expects none can say so. */
export function collectingLogger(lines: string[]): Logger {
  const destination = { isTerminal: false, write: (line: string) => void lines.push(line) };
  return createLogger({ level: "error", formatter: "json", fields: {} }, destination);
}

/** It delivers webhooks from the beginning. */
export async function openTestRegistry(
  options: TestRegistryOptions = {},
  lines: string[] = [],
): Promise<Registry> {
  const { keepaliveMs, callObserver } = options;
  const registry = await createRegistry(testConfig(options), {
    logger: collectingLogger(lines),
    now: Date.now,
    newId: v7,
    source: { address: "test:5000", instanceId: v7() },
    version: "test",
    callObserver,
    ...(keepaliveMs !== undefined && { keepaliveMs }),
  });
  registry.begin();
  return registry;
}

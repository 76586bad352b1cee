// Stowage as `stowage serve` runs it, but with or without the event log:
// `node bench/registry.ts CONFIGURATION [--silent]`. Only a benchmark wants that.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { v7 as newId } from "uuid";
import { createGateway, handles } from "../gateway/gateway.ts";
import { gatewayLimits } from "../src/commands/gateway-limits.ts";
import { loadConfig } from "../src/config/load.ts";
import type { Listener } from "../src/core/listener.ts";
import { createRegistry } from "../src/registry.ts";
import { createDirectTransport } from "../src/rpc/direct-transport.ts";
import { requestValues } from "../src/rpc/visit.ts";
import { clientOf } from "../src/server/caller.ts";
import { startServer } from "../src/server.ts";
import { createLogger } from "../src/telemetry/logger.ts";

/** Hears of everything and tells nobody. */
const SILENT: Listener = { changed: () => undefined, pulled: () => undefined };

const { values, positionals } = parseArgs({
  options: { silent: { type: "boolean" } },
  allowPositionals: true,
});
const readText = (path: string) => readFileSync(path, "utf8");
const { config } = loadConfig({ environment: {}, readText, path: positionals[0] ?? "" });
const logger = createLogger(config.log, {
  isTerminal: false,
  write: (line) => void process.stderr.write(line),
});
const registry = await createRegistry(config, {
  logger,
  now: Date.now,
  newId: () => newId(),
  source: { address: "bench", instanceId: newId() },
  version: "bench",
  ...(values.silent === true && { listener: SILENT }),
});
const listener = createGateway({
  transport: createDirectTransport(registry.routes),
  contextValues: (request) => requestValues(clientOf(request)),
  limits: gatewayLimits(config),
  logger,
});
const { address, headers: _, corsOrigins, ...limits } = config.http;
const server = await startServer({
  ...address,
  limits,
  corsOrigins,
  gateway: { handles, listener },
  routes: registry.routes,
  report: (error, message) => logger.error({ err: error }, message),
});

registry.begin();

process.once("SIGTERM", async () => {
  await server.close({ drainMs: config.http.drainTimeoutMs });
  await registry.close();
});

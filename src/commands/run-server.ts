// A server's life: it listens, says where, and stops when it is told to.
import { once } from "node:events";
import { type GatewayListener, handles } from "../../gateway/gateway.ts";
import type { Config, HttpConfig } from "../config/config.ts";
import { formatListenAddress } from "../config/listen-address.ts";
import type { Gateway } from "../server/dispatch.ts";
import type { Routes } from "../server/rpc-handler.ts";
import { type Server, startServer } from "../server.ts";
import type { Logger } from "../telemetry/logger.ts";
import { CommandFailure, EXIT, errorCode, type World } from "./world.ts";

export interface RunOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly gateway: GatewayListener;
  /** Absent: no RPC is served. */
  readonly routes?: Routes;
  /** Called when the server listens. */
  readonly onListening?: () => void;
  /** Called when the server begins to stop. */
  readonly onDrain?: () => void;
  /** What is told once it listens, line by line. `host` is what clients put into names of images. */
  readonly announce: (server: { readonly url: string; readonly host: string }) => readonly string[];
}

/** One press of Ctrl-C can come twice: from the terminal, and from npm, which passes its own on. */
const ECHO_MS = 500;

/** Serves until SIGTERM or SIGINT; another one, later than an echo, ends the process at once. */
export async function runServer(world: World, options: RunOptions): Promise<void> {
  const { config, logger } = options;
  const server = await start(options);
  const stopped = new AbortController();
  let echoUntil = Number.POSITIVE_INFINITY;
  const restoreSignals = world.onStopSignal(() => {
    if (performance.now() > echoUntil) world.exit(EXIT.failure);
    if (!stopped.signal.aborted) echoUntil = performance.now() + ECHO_MS;
    stopped.abort();
  });
  try {
    options.onListening?.();
    await tell(world, options, server);
    if (!stopped.signal.aborted) await once(stopped.signal, "abort");
    logger.info({ drainMs: config.http.drainTimeoutMs }, "stopping; running requests may finish");
    await server.close({ drainMs: config.http.drainTimeoutMs });
    logger.info("stopped");
  } finally {
    restoreSignals();
  }
}

async function start({ config, logger, gateway, routes, onDrain }: RunOptions): Promise<Server> {
  const { address, headers, corsOrigins, ...limits } = config.http;
  try {
    return await startServer({
      ...address,
      limits,
      corsOrigins,
      gateway: { handles, listener: withHeaders(gateway, headers) },
      report: (error, message) => logger.error({ err: error }, message),
      ...(routes !== undefined && { routes }),
      ...(onDrain !== undefined && { onDrain }),
    });
  } catch (error) {
    throw new CommandFailure(`cannot listen on ${formatListenAddress(address)}: ${explain(error)}`, {
      cause: error,
    });
  }
}

const REASONS: ReadonlyMap<string, string> = new Map([
  [
    "EADDRINUSE",
    "another program listens there already; choose another address with http.addr (REGISTRY_HTTP_ADDR)",
  ],
  ["EADDRNOTAVAIL", "this machine does not have that address"],
  ["ENOTFOUND", "the host name is unknown"],
  ["EACCES", "permission denied; ports below 1024 need a privilege"],
]);

function explain(error: unknown): string {
  const code = errorCode(error);
  return REASONS.get(code) ?? (error instanceof Error ? error.message : code);
}

/** Adds the configured headers to every answer. */
function withHeaders(gateway: GatewayListener, headers: HttpConfig["headers"]): Gateway["listener"] {
  const entries = Object.entries(headers);
  if (entries.length === 0) return gateway;
  return (request, response) => {
    for (const [name, values] of entries) response.setHeader(name, values);
    gateway(request, response);
  };
}

/** To the person at the terminal, or into the log. */
async function tell(world: World, { config, logger, announce }: RunOptions, server: Server): Promise<void> {
  const { port } = server.address;
  const host = formatListenAddress({ host: config.http.address.host || "localhost", port });
  const url = `http://${host}`;
  await world.out.write(`${announce({ url, host }).join("\n")}\n`);
  if (!world.err.isTerminal) logger.info({ url }, "listening");
}

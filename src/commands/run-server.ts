// A server's life: it listens, says where, and stops when it is told to.
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { type GatewayListener, handles } from "../../gateway/gateway.ts";
import type { Config, HttpConfig } from "../config/config.ts";
import { formatListenAddress, type ListenAddress } from "../config/listen-address.ts";
import { UnusableFile } from "../config/unusable-file.ts";
import type { ConnectionObserver } from "../server/connection-watch.ts";
import type { Gateway } from "../server/dispatch.ts";
import type { RequestObserver } from "../server/observer.ts";
import type { Routes } from "../server/rpc-handler.ts";
import { type Server, startServer } from "../server.ts";
import type { Logger } from "../telemetry/logger.ts";
import { inheritedSocket, isLocalSocket } from "./inherited-socket.ts";
import { listenFailure } from "./listen-failure.ts";
import { CommandFailure, EXIT, type World } from "./world.ts";

export interface RunOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly gateway: GatewayListener;
  /** Absent: no RPC is served. */
  readonly routes?: Routes;
  /** Called when the server listens. */
  readonly onListening?: () => void;
  /** Called when the server is told to stop; for http.draindelay it takes requests all the same. */
  readonly onStopping?: () => void;
  /** Called when the server begins to stop. */
  readonly onDrain?: () => void;
  /** Watches every request. Absent: nobody does. */
  readonly observer?: RequestObserver;
  /** Watches connections. Absent: nobody does. */
  readonly connectionObserver?: ConnectionObserver | undefined;
  /** What is told once it listens, line by line. `host` is what clients put into names of images. */
  readonly announce: (server: { readonly url: string; readonly host: string }) => readonly string[];
}

/** One press of Ctrl-C can come twice: from the terminal, and from npm, which passes its own on. */
const ECHO_MS = 500;

/** Serves until SIGTERM or SIGINT; another one, later than an echo, ends the process at once. */
export async function runServer(world: World, options: RunOptions): Promise<void> {
  const { config, logger } = options;
  const server = await start(world, options);
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
    options.onStopping?.();
    await delay(config.http, logger);
    logger.info({ drainMs: config.http.drainTimeoutMs }, "stopping; running requests may finish");
    await server.close({ drainMs: config.http.drainTimeoutMs });
    logger.info("stopped");
  } finally {
    restoreSignals();
  }
}

/** The time in which those who send requests learn that they should not. */
async function delay({ drainDelayMs }: HttpConfig, logger: Logger): Promise<void> {
  if (drainDelayMs === 0) return;
  logger.info({ delayMs: drainDelayMs }, "told to stop; requests are still taken for a while");
  await wait(drainDelayMs);
}

async function start(world: World, options: RunOptions): Promise<Server> {
  const { config, logger } = options;
  const inherited = inheritedSocket(world);
  if (inherited === undefined) return listenOn(config.http.address, options);
  const { descriptor, others } = inherited;
  if (others > 0) logger.warn({ others }, "more than one socket is inherited; only the first is served");
  const server = await listenOn({ descriptor }, options);
  // Nobody has been let in yet: that takes a turn of the event loop.
  const host = server.path === undefined ? server.address.address : undefined;
  if (config.auth.mode !== "open" || isLocalSocket(host)) return server;
  await server.close({ drainMs: 0 });
  throw new CommandFailure(
    `other machines can reach the inherited socket on ${host}, and there is no auth section: ` +
      'let systemd listen on a loopback address, or say who may do what below "auth" ("auth: none: {}" for everybody)',
  );
}

async function listenOn(
  place: ListenAddress | { readonly descriptor: number },
  { config, logger, gateway, routes, onDrain, observer, connectionObserver }: RunOptions,
): Promise<Server> {
  const { tls, publicUrl, prefix, trustedProxies, proxyProtocol, headers, corsOrigins, ...limits } =
    config.http;
  try {
    return await startServer({
      ...place,
      tls,
      publicUrl,
      prefix,
      trustedProxies,
      proxyProtocol,
      limits,
      corsOrigins,
      observer,
      connectionObserver,
      gateway: { handles, listener: withHeaders(gateway, headers) },
      report: (error, message) => logger.error({ err: error }, message),
      ...(routes !== undefined && { routes }),
      ...(onDrain !== undefined && { onDrain }),
    });
  } catch (error) {
    if (error instanceof UnusableFile) throw error;
    const where = "descriptor" in place ? "the inherited socket" : formatListenAddress(place);
    throw listenFailure(where, error);
  }
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
  const { publicUrl } = config.http;
  const own = hostOf(server, inheritedSocket(world) === undefined ? config.http.address : undefined);
  const url = urlOf(server, config.http, own);
  const host = publicUrl === undefined ? own : new URL(publicUrl).host;
  // A collector that takes both outputs reads objects only.
  const isForCollector = config.log.formatter !== "text" && !world.out.isTerminal;
  if (!isForCollector) await world.out.write(`${announce({ url, host }).join("\n")}\n`);
  if (isForCollector || !world.err.isTerminal) logger.info({ url }, "listening");
}

function urlOf(server: Server, { tls, prefix }: HttpConfig, host: string): string {
  return server.path === undefined
    ? `${tls === undefined ? "http" : "https"}://${host}${prefix}`
    : `unix:${server.path}`;
}

/** As it was written, if it was, with the port that it has become. */
function hostOf(server: Server, written: ListenAddress | undefined): string {
  if (server.path !== undefined) return "localhost";
  const { address, port } = server.address;
  const host = written !== undefined && "host" in written ? written.host : address;
  return formatListenAddress({ host: host || "localhost", port });
}

// The listener: HTTP/1.1, HTTP/2 and TLS on one port, the Docker API and the RPCs
// side by side, and a stop that lets running work finish.
import { once } from "node:events";
import type { AddressInfo, Server as Port } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import type { TlsConfig } from "./config/config.ts";
import { answerClientErrors } from "./server/client-error.ts";
import { ConnectionCounts } from "./server/connection-counts.ts";
import type { ConnectionObserver } from "./server/connection-watch.ts";
import { Connections } from "./server/connections.ts";
import { createCors } from "./server/cors.ts";
import { createDispatcher, createRefuser, type Gateway } from "./server/dispatch.ts";
import { createEntrance } from "./server/entrance.ts";
import { DEFAULT_SERVER_LIMITS, type ServerLimits } from "./server/limits.ts";
import { listen, type Place, placeOf } from "./server/listen.ts";
import type { RequestObserver } from "./server/observer.ts";
import { createHttp1Server, createHttp2Server } from "./server/protocols.ts";
import { RareReport } from "./server/rare-report.ts";
import { createRpcHandler, type Routes } from "./server/rpc-handler.ts";
import { endStalledRequests, watchSession } from "./server/stalled.ts";
import { TlsPort } from "./server/tls-port.ts";
import { TrustedProxies } from "./server/trusted-proxies.ts";

/** Where to listen, and everything else. */
export type ServerOptions = Place & ServiceOptions;

export interface ServiceOptions {
  /** Absent: plaintext. Present: plaintext is refused. */
  readonly tls?: TlsConfig | undefined;
  /** The URL under which clients reach the server, without a path. Absent: as they say. */
  readonly publicUrl?: string | undefined;
  /** In front of the gateway's paths: "/registry". Absent: nothing. */
  readonly prefix?: string;
  /** Addresses, CIDR blocks, and "unix" for who comes over a Unix socket: whose word about their clients is believed. */
  readonly trustedProxies?: readonly string[];
  /** True: connections from trusted proxies begin with a PROXY header. */
  readonly proxyProtocol?: boolean;
  /** Absent: the Docker API is not served. */
  readonly gateway?: Gateway;
  /** Absent: no RPC is served. */
  readonly routes?: Routes;
  /** Origins whose pages may call from a browser; "*" for all. Absent: none. */
  readonly corsOrigins?: readonly string[];
  /** Absent members are DEFAULT_SERVER_LIMITS. */
  readonly limits?: Partial<ServerLimits>;
  /** Called once when the server begins to stop, before anything else: the moment to say NOT_SERVING. */
  readonly onDrain?: () => void;
  /** Watches every request. Absent: nobody does. */
  readonly observer?: RequestObserver | undefined;
  /** Watches connections. Absent: nobody does. */
  readonly connectionObserver?: ConnectionObserver | undefined;
  /** Told of failures that are neither a client's nor an answer, of crowds that are refused, and of bad certificates. */
  readonly report: (error: unknown, message: string) => void;
}

export interface Server {
  /** Throws for a Unix socket. */
  readonly address: AddressInfo;
  /** Of the Unix socket; undefined for TCP. */
  readonly path: string | undefined;
  /**
   * Stops: no new connection or request; endless streams end with "unavailable"; running requests may finish
   * within drainMs and are cut off then. Resolves when every connection is closed. Asking twice is asking once.
   */
  close(options: { readonly drainMs: number }): Promise<void>;
}

/** Resolves when the port is open; rejects when it cannot be, or when the certificate's files cannot be used. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const shutdown = new AbortController();
  const connections = new Connections();
  const limits = { ...DEFAULT_SERVER_LIMITS, ...options.limits };
  const tls = options.tls && (await openTls(options.tls, limits, options));
  const port = createPort(options, { limits, connections, tls, shutdownSignal: shutdown.signal });
  try {
    await listen(port, options);
  } catch (error) {
    port.close(); // Ends what waits for that, though nothing may be open.
    throw error;
  }
  const drain = async (drainMs: number) => {
    const closed = once(port, "close");
    port.close();
    options.onDrain?.();
    shutdown.abort(
      new ConnectError("the registry is stopping; resume with the last cursor", Code.Unavailable),
    );
    connections.drain();
    const deadline = setTimeout(() => connections.destroy(), drainMs);
    await closed;
    clearTimeout(deadline);
  };
  let closing: Promise<void> | undefined;
  const place = placeOf(port);
  return {
    get address() {
      if ("path" in place) throw new Error("the server does not listen on TCP");
      return place;
    },
    path: "path" in place ? place.path : undefined,
    close({ drainMs }) {
      closing ??= drain(drainMs);
      return closing;
    },
  };
}

function openTls(config: TlsConfig, limits: ServerLimits, { report }: ServiceOptions): Promise<TlsPort> {
  return TlsPort.open({ config, checkMs: limits.certificateCheckMs, report });
}

interface PortParts {
  readonly limits: ServerLimits;
  readonly connections: Connections;
  readonly tls: TlsPort | undefined;
  readonly shutdownSignal: AbortSignal;
}

function createPort(options: ServiceOptions, { limits, connections, tls, shutdownSignal }: PortParts): Port {
  const { routes, report, publicUrl, prefix = "", trustedProxies = [], proxyProtocol = false } = options;
  const { connectionObserver } = options;
  const http1 = createHttp1Server(limits);
  const http2 = createHttp2Server(limits);
  const dispatch = createDispatcher({
    gateway: options.gateway,
    rpc: routes && createRpcHandler({ routes, shutdownSignal, report }),
    connections,
    prefix,
    answerCors: createCors(options.corsOrigins ?? []),
    observer: options.observer,
  });
  // Whoever reads a body asks for it: a client that waits is spared sending what will be refused. RFC 9110, 10.1.1.
  http1.on("request", dispatch).on("checkContinue", dispatch);
  http2.on("request", dispatch).on("checkContinue", dispatch);
  http2.on("session", (session) => {
    connections.addSession(session);
    watchSession(session, limits);
  });
  const currentAnswer = connections.answerOn.bind(connections);
  answerClientErrors(http1, http2, {
    current: currentAnswer,
    refuser: createRefuser(options.observer),
  });
  endStalledRequests(http1, limits, currentAnswer);
  const port = createEntrance({
    http1,
    http2,
    tls,
    site: { publicUrl, prefix, proxies: new TrustedProxies(trustedProxies) },
    proxyProtocol,
    counts: new ConnectionCounts(limits.maxConnectionsPerAddress),
    crowded: new RareReport("an address has too many connections; more are closed", report, () =>
      connectionObserver?.refused("address"),
    ),
    timeoutMs: limits.headerTimeoutMs,
    connections,
  });
  connectionObserver?.opened(() => connections.size);
  const full = new RareReport("there are too many connections; more are closed", report, () =>
    connectionObserver?.refused("limit"),
  );
  port.maxConnections = limits.maxConnections;
  port.on("drop", () => full.tell(`the limit is ${limits.maxConnections}`));
  port.once("close", () => {
    http1.close(); // Ends its timer.
    tls?.close();
  });
  return port;
}

// The listener: HTTP/1.1 and HTTP/2 on one plaintext port, the Docker API and the
// RPCs side by side, and a stop that lets running work finish.
import { once } from "node:events";
import type { AddressInfo, Server as Port } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { answerClientErrors } from "./server/client-error.ts";
import { Connections } from "./server/connections.ts";
import { createDispatcher, type Gateway } from "./server/dispatch.ts";
import { DEFAULT_SERVER_LIMITS, type ServerLimits } from "./server/limits.ts";
import { createHttp1Server, createHttp2Server } from "./server/protocols.ts";
import { createRpcHandler, type Routes } from "./server/rpc-handler.ts";
import { createSniffingServer, listen } from "./server/sniff.ts";
import { endStalledRequests, watchSession } from "./server/stalled.ts";

export interface ServerOptions {
  /** Empty: all interfaces. */
  readonly host: string;
  /** Zero: the system chooses a free one. */
  readonly port: number;
  /** Absent: the Docker API is not served. */
  readonly gateway?: Gateway;
  /** Absent: no RPC is served. */
  readonly routes?: Routes;
  /** Origins whose pages may call the RPCs from a browser; "*" for all. Absent: none. */
  readonly corsOrigins?: readonly string[];
  /** Absent members are DEFAULT_SERVER_LIMITS. */
  readonly limits?: Partial<ServerLimits>;
  /** Called once when the server begins to stop, before anything else: the moment to say NOT_SERVING. */
  readonly onDrain?: () => void;
  /** Told of failures that are neither a client's nor an answer. */
  readonly report: (error: unknown, message: string) => void;
}

export interface Server {
  readonly address: AddressInfo;
  /**
   * Stops: no new connection or request; endless streams end with "unavailable"; running requests may finish
   * within drainMs and are cut off then. Resolves when every connection is closed. Asking twice is asking once.
   */
  close(options: { readonly drainMs: number }): Promise<void>;
}

/** Resolves when the port is open; rejects when it cannot be. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const shutdown = new AbortController();
  const connections = new Connections();
  const port = createPort(options, connections, shutdown.signal);
  await listen(port, options.host, options.port);
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
  return {
    address: addressOf(port),
    close({ drainMs }) {
      closing ??= drain(drainMs);
      return closing;
    },
  };
}

function createPort(options: ServerOptions, connections: Connections, shutdownSignal: AbortSignal): Port {
  const { routes, report } = options;
  const limits = { ...DEFAULT_SERVER_LIMITS, ...options.limits };
  const http1 = createHttp1Server(limits);
  const http2 = createHttp2Server(limits);
  const dispatch = createDispatcher({
    gateway: options.gateway,
    rpc:
      routes && createRpcHandler({ routes, shutdownSignal, corsOrigins: options.corsOrigins ?? [], report }),
    connections,
  });
  http1.on("request", dispatch);
  http2.on("request", dispatch);
  http2.on("session", (session) => {
    connections.addSession(session);
    watchSession(session, limits);
  });
  const currentAnswer = connections.answerOn.bind(connections);
  answerClientErrors(http1, http2, currentAnswer);
  endStalledRequests(http1, limits, currentAnswer);
  const port = createSniffingServer({ http1, http2, connections, timeoutMs: limits.headerTimeoutMs });
  port.maxConnections = limits.maxConnections;
  port.once("close", () => http1.close()); // Ends its timer.
  return port;
}

function addressOf(port: Port): AddressInfo {
  const address = port.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on TCP");
  return address;
}

// The two protocol servers behind the port, with every limit set on purpose. They
// never listen themselves; sniff.ts hands them their connections.
import { createServer as createHttp1, type Server as Http1Server } from "node:http";
import { createServer as createHttp2, type Http2Server, type ServerHttp2Session } from "node:http2";
import { CONNECTION_WINDOW, MAX_SESSION_MEMORY, type ServerLimits, STREAM_WINDOW } from "./limits.ts";

export function createHttp1Server(limits: ServerLimits): Http1Server {
  const server = createHttp1({
    headersTimeout: limits.headerTimeoutMs,
    // A layer may take hours; what counts is that it moves.
    requestTimeout: 0,
    keepAliveTimeout: limits.idleTimeoutMs,
    maxHeaderSize: limits.maxHeaderSize,
    // Lenient parsing is how one request becomes two between us and a proxy.
    insecureHTTPParser: false,
    connectionsCheckingInterval: Math.min(30_000, Math.ceil(limits.headerTimeoutMs / 2)),
    // Node would answer without a body; the dispatcher refuses it in JSON.
    requireHostHeader: false,
  });
  // Node starts to enforce headersTimeout when a server listens, and this one never does.
  server.emit("listening");
  return server;
}

export function createHttp2Server(limits: ServerLimits): Http2Server {
  const server = createHttp2({
    maxSessionMemory: MAX_SESSION_MEMORY,
    settings: {
      maxConcurrentStreams: limits.maxStreams,
      initialWindowSize: STREAM_WINDOW,
      maxHeaderListSize: limits.maxHeaderSize,
      enablePush: false,
    },
  });
  server.on("session", (session: ServerHttp2Session) => session.setLocalWindowSize(CONNECTION_WINDOW));
  // A broken connection is the client's affair; without a listener it would end the process.
  server.on("sessionError", () => undefined);
  return server;
}

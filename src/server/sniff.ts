// One plaintext port for HTTP/1.1 and HTTP/2: the first bytes of a connection tell
// which it speaks (RFC 9113, 3.4), and the connection is handed to that server with
// the bytes put back. TLS belongs here too: its first byte is 0x16.
import { type EventEmitter, once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Connections } from "./connections.ts";
import { rawError } from "./json-error.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export interface SniffOptions {
  /** Takes connections by its "connection" event, as do both servers of Node. */
  readonly http1: EventEmitter;
  readonly http2: EventEmitter;
  /** How long a connection may stay silent at first, in milliseconds. */
  readonly timeoutMs: number;
  readonly connections: Connections;
}

/** A server that is not listening yet. */
export function createSniffingServer(options: SniffOptions): Server {
  // As http.Server does: a client may half-close after its request, and small answers go out at once.
  const settings = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
  return createServer(settings, (socket) => {
    options.connections.add(socket);
    sniff(socket, options);
  });
}

function sniff(socket: Socket, { http1, http2, connections, timeoutMs }: SniffOptions): void {
  let held: Buffer = Buffer.alloc(0);
  const timer = setTimeout(
    () => refuse(408, "REQUEST_TIMEOUT", "the request did not arrive in time"),
    timeoutMs,
  );
  const release = () => {
    clearTimeout(timer);
    socket.off("readable", peek).off("end", ended).off("error", gone).off("close", release);
  };
  const gone = () => socket.destroy();
  const refuse = (status: number, code: "REQUEST_TIMEOUT" | "REQUEST_INVALID", message: string) => {
    clearTimeout(timer);
    socket.end(rawError({ status, code, message }), gone);
  };
  const ended = () =>
    held.length === 0 ? gone() : refuse(400, "REQUEST_INVALID", "the request ends before it is complete");
  function peek(): void {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const protocol = protocolOf(held);
    if (protocol === undefined) return;
    release();
    socket.unshift(held);
    if (protocol === "http2") connections.addMultiplexed(socket);
    (protocol === "http2" ? http2 : http1).emit("connection", socket);
  }
  socket.on("readable", peek).on("end", ended).on("error", gone).on("close", release);
}

/** Undefined while it can still be either. */
function protocolOf(start: Buffer): "http1" | "http2" | undefined {
  const compared = Math.min(start.length, PREFACE.length);
  if (start.compare(PREFACE, 0, compared, 0, compared) !== 0) return "http1";
  return compared < PREFACE.length ? undefined : "http2";
}

/** Resolves with the server listening. */
export async function listen(server: Server, host: string, port: number): Promise<void> {
  // An empty host means all interfaces, IPv6 and IPv4, as for Node when it is absent.
  server.listen(host === "" ? { port } : { host, port });
  await once(server, "listening");
}

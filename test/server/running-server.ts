// A server with a small gateway and one endless stream, for the tests of the
// listener; and a raw client that sends exactly the bytes it is told.
import assert from "node:assert/strict";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import type { Readable } from "node:stream";
import { ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { clientOf } from "../../src/server/caller.ts";
import type { Gateway, Request } from "../../src/server/dispatch.ts";
import type { ServerAnswer, ServerRequest } from "../../src/server/json-error.ts";
import type { ServerLimits } from "../../src/server/limits.ts";
import type { Place } from "../../src/server/listen.ts";
import { type Server, type ServiceOptions, startServer } from "../../src/server.ts";

export interface RunningServer extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  readonly url: string;
  /** What the server reported as failures of its own. */
  readonly reports: readonly unknown[];
  /** Ends the answers that are held. */
  release(): void;
}

/** The test's server has no deadline to wait for: disposing cuts what is left. */
export async function runServer(
  limits: Partial<ServerLimits> = {},
  options: Partial<ServiceOptions> = {},
  place: Place = { host: "127.0.0.1", port: 0 },
): Promise<RunningServer> {
  const reports: unknown[] = [];
  const held: ServerAnswer[] = [];
  const server = await startServer({
    ...place,
    limits,
    gateway: createGateway(held),
    routes,
    report: (error) => reports.push(error),
    ...options,
  });
  const port = server.path === undefined ? server.address.port : 0;
  return {
    server,
    port,
    url: `${options.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    reports,
    release: () => {
      for (const answer of held) answer.end("released");
    },
    [Symbol.asyncDispose]: () => server.close({ drainMs: 0 }),
  };
}

/** Where the answer is what the server knows of the client. */
export const FACTS = "/v2/facts";

/** Where an answer begins at once and ends with release(). */
export const HELD = "/v2/held";

function createGateway(held: ServerAnswer[]): Gateway {
  return {
    handles: (url) => url.startsWith("/v2/"),
    listener(request: Request, response) {
      if (request.url === FACTS) return tellFacts(request, response);
      if (request.url !== HELD) return count(request, response);
      response.writeHead(200, { "Content-Length": 13 });
      response.write("held ");
      held.push(response);
    },
  };
}

function tellFacts(request: Request, response: ServerAnswer): void {
  const { id: _, address, ip, host, scheme, baseUrl, certificate } = clientOf(request);
  const body = JSON.stringify({ address, ip, host, scheme, baseUrl, certificate });
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

/** Answers when the whole body is there, with its length and the protocol it came by. */
function count(request: ServerRequest, response: ServerAnswer): void {
  let length = 0;
  const body: Readable = request;
  body.on("data", (chunk: Buffer) => {
    length += chunk.length;
  });
  body.on("end", () => {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ length, version: request.httpVersion }));
  });
}

function routes(router: ConnectRouter, shutdownSignal: AbortSignal): void {
  const subscribe = async function* (_request: unknown, { signal }: { signal: AbortSignal }) {
    yield { message: { case: "ready", value: { cursor: "1" } } } as const;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    throw ConnectError.from(signal.reason);
  };
  router.service(EventService, { subscribe }, { shutdownSignal });
}

/** A connection of which every byte is under the test's control. */
export class RawConnection {
  readonly socket: Socket;
  #received = "";
  readonly #closed: Promise<void>;

  /** To a port of this machine, or over a socket that the test has opened. */
  constructor(to: number | Socket | NetConnectOpts) {
    const place = typeof to === "number" ? { port: to, host: "127.0.0.1" } : to;
    this.socket = "on" in place ? place : connect({ ...place, noDelay: true, allowHalfOpen: true });
    this.socket.on("error", () => undefined);
    this.socket.on("data", (chunk) => {
      this.#received += chunk.toString("latin1");
    });
    this.socket.on("end", () => this.socket.end());
    this.#closed = new Promise((resolve) => this.socket.once("close", () => resolve()));
  }

  /** Resolves when the bytes are on their way. */
  send(bytes: string | Buffer): Promise<void> {
    return new Promise((resolve) => this.socket.write(bytes, () => resolve()));
  }

  /** Resolves when the text has arrived. */
  async until(text: string): Promise<string> {
    while (!this.#received.includes(text)) {
      if (this.socket.destroyed) throw new Error(`closed after ${JSON.stringify(this.#received)}`);
      await new Promise((resolve) => this.socket.once("data", resolve).once("close", resolve));
    }
    return this.#received;
  }

  /** Everything the server sent, once it has closed the connection. */
  async rest(): Promise<string> {
    await this.#closed;
    return this.#received;
  }
}

/** Asserts that the text is one HTTP/1.1 answer with OCI's error JSON, after which the connection is closed. */
export function assertRawError(text: string, status: number, code: string): void {
  const [head = "", body = ""] = text.split("\r\n\r\n", 2);
  assert.match(head, new RegExp(`^HTTP/1.1 ${status} `), text);
  assert.match(head, /^content-type: application\/json$/im);
  assert.match(head, /^connection: close$/im);
  assert.equal(JSON.parse(body).errors[0].code, code);
}

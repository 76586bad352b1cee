// A receiver of webhooks: an HTTP server that keeps every request and answers as it is told.
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "./eventually.ts";

/** One request as it arrived. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** When it had arrived whole, in milliseconds. */
  readonly time: number;
  /** Which of the receiver's connections it came over, from 1. */
  readonly connection: number;
}

export interface ReceiverAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How long the answer takes to begin; a client that hangs up ends the wait. */
  readonly delayMs?: number;
}

/** Decides an answer; `count` is 1 for the first request. "reset": the connection is broken instead. */
export type Answer = (request: ReceivedRequest, count: number) => AnswerChoice | Promise<AnswerChoice>;

type AnswerChoice = number | ReceiverAnswer | "reset";

export class WebhookReceiver {
  /** "http://127.0.0.1:<port>". */
  readonly url: string;
  readonly requests: ReceivedRequest[] = [];
  /** May be replaced at any time. */
  answer: Answer;
  readonly #server: Server;
  readonly #connections = new Map<Socket, number>();
  readonly #closing = new AbortController();
  #opened = 0;

  private constructor(server: Server, answer: Answer) {
    this.#server = server;
    this.answer = answer;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Without an answer, every request gets a 200. `port`: where it listens; absent, any free one. */
  static async start(answer: Answer = () => 200, port = 0): Promise<WebhookReceiver> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
    const receiver = new WebhookReceiver(server, answer);
    server.on("connection", (socket: Socket) => receiver.#noteConnection(socket));
    server.on("request", (request, response) => {
      receiver.#receive(request, response).catch(() => request.socket.destroy());
    });
    return receiver;
  }

  /** Resolves when at least so many requests have arrived. */
  async waitFor(count: number): Promise<void> {
    const enough = async () => (this.requests.length >= count ? true : undefined);
    await eventually(`request ${count}`, enough, () => `(${this.requests.length} arrived)`);
  }

  /** How many connections were ever opened. */
  get connections(): number {
    return this.#opened;
  }

  /** How many connections are open. */
  get openConnections(): number {
    return this.#connections.size;
  }

  /** Resolves when no connection is open. */
  async waitForNoConnections(): Promise<void> {
    await eventually("the end of all connections", async () =>
      this.openConnections === 0 ? true : undefined,
    );
  }

  /** Breaks all connections and stops listening. */
  async close(): Promise<void> {
    this.#closing.abort();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #noteConnection(socket: Socket): void {
    this.#connections.set(socket, ++this.#opened);
    socket.once("close", () => this.#connections.delete(socket));
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const received: ReceivedRequest = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
      time: Date.now(),
      connection: this.#connections.get(request.socket) ?? 0,
    };
    this.requests.push(received);
    const choice = await this.answer(received, this.requests.length);
    if (choice === "reset") return void request.socket.resetAndDestroy();
    const {
      status,
      headers = {},
      body = "",
      delayMs = 0,
    } = typeof choice === "number" ? { status: choice } : choice;
    if (delayMs > 0) await pause(delayMs, undefined, { signal: this.#closing.signal });
    response.writeHead(status, { ...headers }).end(body);
  }
}

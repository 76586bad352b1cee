// The debug listener: pages for whoever runs the process, on a port of their own. It
// asks nobody for a password, so it gives out no secret, changes nothing, and does
// little for each request.
import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, isIP } from "node:net";

export interface DebugAnswer {
  /** Absent: 200. */
  readonly status?: number;
  readonly contentType: string;
  readonly body: string;
  /** Absent: it is shown, not saved. */
  readonly fileName?: string;
}

export interface DebugRequest {
  readonly query: URLSearchParams;
  /** Aborts when the client leaves, or the server closes. */
  readonly signal: AbortSignal;
}

export interface DebugPage {
  /** "/debug/vars" */
  readonly path: string;
  /** One line, for the page that lists the pages. */
  readonly about: string;
  /** True: only for clients that connect over the loopback interface, under a name that is this machine's own. */
  readonly isPrivate?: boolean;
  readonly answer: (request: DebugRequest) => DebugAnswer | Promise<DebugAnswer>;
}

export interface DebugServerOptions {
  /** Without brackets. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly pages: readonly DebugPage[];
  /** Told of pages that could not be made. */
  readonly report: (error: unknown, path: string) => void;
}

/** The longest a page may take, with what profiles need. */
const ANSWER_MS = 90_000;
const HEADERS_MS = 5_000;
const IDLE_MS = 5_000;
const MAX_CONNECTIONS = 64;
const MAX_HEADER_BYTES = 8 * 1024;
const MAX_HEADERS = 64;

export class DebugServer {
  readonly #server: Server;
  readonly #closing: AbortController;
  /** Where it listens. */
  readonly address: AddressInfo;

  private constructor(server: Server, closing: AbortController, address: AddressInfo) {
    this.#server = server;
    this.#closing = closing;
    this.address = address;
  }

  /** Resolves when the port is open; rejects with the system's error. */
  static async open(options: DebugServerOptions): Promise<DebugServer> {
    const { host, port } = options;
    const closing = new AbortController();
    const limits = {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_MS,
      requestTimeout: HEADERS_MS,
      keepAliveTimeout: IDLE_MS,
      connectionsCheckingInterval: HEADERS_MS,
    };
    const server = createServer(limits, createListener(options, closing.signal));
    server.maxConnections = MAX_CONNECTIONS;
    server.maxHeadersCount = MAX_HEADERS;
    server.timeout = ANSWER_MS;
    server.listen({ host, port });
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the debug listener has no port");
    return new DebugServer(server, closing, address);
  }

  /** Breaks off what is being answered. */
  async close(): Promise<void> {
    this.#closing.abort();
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

function createListener(options: DebugServerOptions, closing: AbortSignal): Listener {
  const pages = new Map(options.pages.map((page) => [page.path, page]));
  const list = listOf(options.pages);
  return (request, response) => {
    request.resume(); // A body is nobody's.
    const refusal = refusalOf(request, options.host);
    if (refusal !== undefined) return send(request, response, refusal);
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://debug");
    const page = pages.get(pathname);
    if (page === undefined)
      return send(request, response, pathname === "/debug" || pathname === "/debug/" ? list : NOT_FOUND);
    if (page.isPrivate === true && !isPrivatelyAsked(request)) return send(request, response, PRIVATE);
    const leaving = new AbortController();
    response.once("close", () => leaving.abort());
    const signal = AbortSignal.any([leaving.signal, closing]);
    void answerPage(page, { query: searchParams, signal }, options.report).then((answer) =>
      send(request, response, answer),
    );
  };
}

async function answerPage(
  page: DebugPage,
  request: DebugRequest,
  report: DebugServerOptions["report"],
): Promise<DebugAnswer> {
  try {
    return await page.answer(request);
  } catch (error) {
    report(error, page.path);
    return failure(500, "this page could not be made; the log says why");
  }
}

/** What is refused before it is known what is asked. */
function refusalOf(request: IncomingMessage, host: string): DebugAnswer | undefined {
  if (request.method !== "GET" && request.method !== "HEAD") return NOT_ALLOWED;
  // A page in a browser on this machine can make its own name one of this machine (DNS rebinding).
  const isNear = isLoopback(request.socket.localAddress ?? "");
  if (isNear && !isOwnName(request.headers.host, host)) return MISDIRECTED;
  return URL.canParse(request.url ?? "/", "http://debug") ? undefined : NOT_FOUND;
}

/** What a proxy passes on was not asked from this machine, though the proxy is on it. */
const PROXY_HEADERS = ["forwarded", "x-forwarded-for", "x-real-ip", "via"] as const;

function isPrivatelyAsked({ socket, headers }: IncomingMessage): boolean {
  return (
    isLoopback(socket.remoteAddress ?? "") &&
    isOwnName(headers.host, "localhost") &&
    PROXY_HEADERS.every((name) => headers[name] === undefined) &&
    !isForeignScript(headers)
  );
}

/** A page of another site cannot read what its browser gets here, but it could have one profile taken after the other. */
function isForeignScript(headers: IncomingHttpHeaders): boolean {
  const { "sec-fetch-site": site, "sec-fetch-mode": mode } = headers;
  return (site === "cross-site" || site === "same-site") && mode !== "navigate";
}

/** An address, or a name that no stranger can give to it. */
function isOwnName(header: string | undefined, host: string): boolean {
  const [, name = ""] = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(header ?? "") ?? [];
  const bare = name.replace(/^\[|\]$/g, "").toLowerCase();
  return isIP(bare) !== 0 || bare === "localhost" || bare === host.toLowerCase();
}

function isLoopback(ip: string): boolean {
  const address = ip.replace(/^::ffff:/, "");
  return address === "::1" || (isIP(address) === 4 && address.startsWith("127."));
}

function listOf(pages: readonly DebugPage[]): DebugAnswer {
  const width = Math.max(...pages.map(({ path }) => path.length));
  const lines = pages.map(({ path, about }) => `${path.padEnd(width)}  ${about}\n`);
  return { contentType: TEXT, body: lines.join("") };
}

function send({ method }: IncomingMessage, response: ServerResponse, answer: DebugAnswer): void {
  const { status = 200, contentType, body, fileName } = answer;
  response.writeHead(status, {
    "Content-Type": contentType,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    ...(status === 405 && { Allow: "GET, HEAD" }),
    ...(fileName !== undefined && { "Content-Disposition": `attachment; filename="${fileName}"` }),
  });
  response.end(method === "HEAD" ? undefined : body);
}

const TEXT = "text/plain; charset=utf-8";

/** An answer that says why there is no other. */
export function failure(status: number, message: string): DebugAnswer {
  return { status, contentType: TEXT, body: `${message}\n` };
}

export function jsonAnswer(value: unknown, status = 200): DebugAnswer {
  return { status, contentType: "application/json", body: `${JSON.stringify(value, undefined, 2)}\n` };
}

const NOT_FOUND = failure(404, "there is no such page; /debug lists those there are");
const NOT_ALLOWED = failure(405, "pages here can only be read");
const MISDIRECTED = failure(421, "ask for it as localhost, or by address");
const PRIVATE = failure(
  403,
  "this page is only for clients on the same machine, which connect to 127.0.0.1; http.debug.profiles: everyone opens it",
);

// Who sent a request, as the connection shows it. What headers claim about somebody
// else behind it is not looked at.
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { RequestFacts } from "../rpc/origin.ts";

type Request = IncomingMessage | Http2ServerRequest;

/** Longer texts from a client are cut: they go into every event. */
const MAX_TEXT = 256;

/** How a listener for IPv6 shows those who come over IPv4. RFC 4291, 2.5.5.2. */
const MAPPED_IPV4 = /^::ffff:(?=\d+\.)/i;

/** The facts of a call of a service, found out when they are read. */
export function callerOf(request: Request): RequestFacts {
  return new Caller(request);
}

/** The facts of a request of the Docker API, which has a method worth telling. */
export function clientOf(request: Request): RequestFacts {
  return new Client(request);
}

class Caller implements RequestFacts {
  readonly #request: Request;
  #id: string | undefined;

  constructor(request: Request) {
    this.#request = request;
  }

  get id(): string {
    this.#id ??= randomUUID();
    return this.#id;
  }

  get address(): string | undefined {
    const { remoteAddress: shown, remotePort } = this.#request.socket;
    if (shown === undefined) return undefined;
    const remoteAddress = shown.replace(MAPPED_IPV4, "");
    return remoteAddress.includes(":")
      ? `[${remoteAddress}]:${remotePort}`
      : `${remoteAddress}:${remotePort}`;
  }

  get host(): string | undefined {
    const { host, ":authority": authority } = this.#request.headers;
    return cut(typeof authority === "string" ? authority : host);
  }

  get scheme(): "http" | "https" {
    return this.#isEncrypted ? "https" : "http";
  }

  /** Of HTTP/2 the session is asked: Node's stand-in for its socket throws when it is gone, and has every member of it. */
  get #isEncrypted(): boolean {
    const request = this.#request;
    return "stream" in request ? request.stream.session?.encrypted === true : "encrypted" in request.socket;
  }

  get userAgent(): string | undefined {
    return cut(this.#request.headers["user-agent"]);
  }
}

class Client extends Caller {
  readonly method: string;

  constructor(request: Request) {
    super(request);
    this.method = request.method ?? "GET";
  }
}

function cut(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text.slice(0, MAX_TEXT);
}

// Who sent a request, as the connection shows it and as trusted proxies tell. What
// the headers of anybody else claim about somebody behind them is not looked at.
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { ClientCertificate } from "../auth/credentials.ts";
import { CLIENT_CLAIMS, GATEWAY_AUTHORIZATION } from "../rpc/client-claims.ts";
import type { RequestFacts } from "../rpc/visit.ts";
import { type Seen, seenThrough } from "./forwarding.ts";
import { parseHost } from "./host-name.ts";
import { formatEndpoint } from "./ip-address.ts";
import { type Peer, peerOf } from "./peer.ts";
import { requestIdOf } from "./request-id.ts";

type Request = IncomingMessage | Http2ServerRequest;

/** Longer texts from a client are cut: they go into every event. */
const MAX_TEXT = 256;

const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** Where nobody knows of the connection: it is gone. */
const GONE: Seen = { scheme: "http" };

/** The facts of a call of a service, found out when they are read. */
export function callerOf(request: Request): RequestFacts {
  return new Caller(request);
}

const CLIENT = Symbol("client");

/** The facts of a request of the Docker API, which has a method worth telling; the same for all who ask. */
export function clientOf(request: Request): RequestFacts {
  const known: unknown = Reflect.get(request, CLIENT);
  if (known instanceof Client) return known;
  const client = new Client(request);
  Reflect.set(request, CLIENT, client);
  return client;
}

class Caller implements RequestFacts {
  readonly #request: Request;
  readonly #peer: Peer | undefined;
  #seen: Seen | undefined;
  #address: string | undefined;
  #shownHost: string | undefined;

  constructor(request: Request) {
    this.#request = request;
    this.#peer = peerOf(request);
  }

  get id(): string {
    return requestIdOf(this.#request);
  }

  get address(): string | undefined {
    const { ip, port } = this.#client;
    if (ip !== undefined) this.#address ??= formatEndpoint(ip, port);
    return this.#address;
  }

  get ip(): string | undefined {
    return this.#client.ip;
  }

  get host(): string | undefined {
    this.#shownHost ??= cut(this.#host);
    return this.#shownHost;
  }

  get scheme(): "http" | "https" {
    return this.#client.scheme;
  }

  get baseUrl(): string | undefined {
    const { publicUrl, prefix = "" } = this.#peer?.site ?? {};
    if (publicUrl !== undefined) return publicUrl + prefix;
    const host = this.#host;
    return host === undefined || parseHost(host) === undefined
      ? undefined
      : `${this.scheme}://${host}${prefix}`;
  }

  get userAgent(): string | undefined {
    return cut(this.#request.headers["user-agent"]);
  }

  get authorization(): string | undefined {
    return this.#request.headers.authorization;
  }

  get certificate(): ClientCertificate | undefined {
    return this.#peer?.certificate;
  }

  get gatewayAuthorization(): string | undefined {
    return this.#header(GATEWAY_AUTHORIZATION);
  }

  get clientClaims(): string | undefined {
    return this.#header(CLIENT_CLAIMS);
  }

  get #client(): Seen {
    this.#seen ??= this.#peer === undefined ? GONE : seenThrough(this.#request.headers, this.#peer);
    return this.#seen;
  }

  /** What the client asked for, in full; checked only where proxies say it. */
  get #host(): string | undefined {
    const { host: plain, ":authority": authority } = this.#request.headers;
    const { host = typeof authority === "string" ? authority : plain, hostPort, scheme } = this.#client;
    if (host === undefined || hostPort === undefined || hostPort === DEFAULT_PORTS[scheme]) return host;
    const parsed = parseHost(host);
    return parsed !== undefined && parsed.port === undefined ? `${host}:${hostPort}` : host;
  }

  #header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return typeof value === "string" ? value : undefined;
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

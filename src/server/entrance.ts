// The way in for every connection: who is it (PROXY header), may it (limits), what
// does it speak (first bytes), then to the server that speaks that, with the bytes
// put back. One deadline for all of it.
import type { EventEmitter } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ClientCertificate } from "../auth/credentials.ts";
import type { ConnectionCounts } from "./connection-counts.ts";
import type { Connections } from "./connections.ts";
import { formatEndpoint } from "./ip-address.ts";
import type { HttpError } from "./json-error.ts";
import { Peer, type Site } from "./peer.ts";
import { type ProxySource, parseProxyHeader } from "./proxy-header.ts";
import type { RareReport } from "./rare-report.ts";
import { endWith, HTTP2_NEEDS_TLS, refuseConnection } from "./refuse-connection.ts";
import { type Protocol, protocolOf, watchStart } from "./sniff.ts";
import type { TlsPort } from "./tls-port.ts";

export interface EntranceOptions {
  /** Takes connections by its "connection" event, as do both servers of Node. */
  readonly http1: EventEmitter;
  readonly http2: EventEmitter;
  /** Absent: plaintext only; present: TLS only. */
  readonly tls: TlsPort | undefined;
  readonly site: Site;
  /** True: what trusted proxies pass on begins with a PROXY header. */
  readonly proxyProtocol: boolean;
  readonly counts: ConnectionCounts;
  /** Told of connections that are closed because their address has too many. */
  readonly crowded: RareReport;
  /** How long it may take until it is known what a connection speaks, in milliseconds. */
  readonly timeoutMs: number;
  readonly connections: Connections;
}

const LATE: HttpError = {
  status: 408,
  code: "REQUEST_TIMEOUT",
  message: "the request did not arrive in time",
};
const CUT_SHORT = invalid("the request ends before it is complete");
const NEEDS_TLS = invalid("this port speaks TLS: use https");
const NEEDS_HEADER = invalid("connections from this address must begin with a PROXY header");

function invalid(message: string): HttpError {
  return { status: 400, code: "REQUEST_INVALID", message };
}

/** A server that is not listening yet. */
export function createEntrance(options: EntranceOptions): Server {
  // As http.Server does: a client may half-close after its request, and small answers go out at once.
  const settings = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
  return createServer(settings, (socket) => new Arrival(socket, options).begin());
}

class Arrival {
  readonly #raw: Socket;
  readonly #options: EntranceOptions;
  readonly #timer: NodeJS.Timeout;
  #peer: Peer;
  #awaitsHeader = false;
  /** How many bytes are the PROXY header's. */
  #headerLength = 0;
  #protocol: Protocol | undefined;
  #onLate: () => void;

  constructor(raw: Socket, options: EntranceOptions) {
    this.#raw = raw;
    this.#options = options;
    this.#peer = Peer.of(raw, options.site);
    this.#onLate = () => raw.destroy();
    this.#timer = setTimeout(() => this.#onLate(), options.timeoutMs);
    options.connections.add(raw);
    raw.on("error", () => raw.destroy()).once("close", () => clearTimeout(this.#timer));
  }

  begin(): void {
    this.#awaitsHeader = this.#options.proxyProtocol && this.#peer.isTrusted;
    if (this.#awaitsHeader || this.#enter()) this.#watch(this.#raw);
    else this.#raw.destroy();
  }

  /** False: its address has too many connections. A trusted proxy may bring any number. */
  #enter(): boolean {
    const { counts, crowded } = this.#options;
    const { ip, port, isTrusted } = this.#peer;
    if (ip === undefined || isTrusted) return true;
    const leave = counts.enter(ip);
    if (leave === undefined) crowded.tell(`latest: ${formatEndpoint(ip, port)}`);
    else this.#raw.once("close", leave);
    return leave !== undefined;
  }

  #watch(socket: Socket): void {
    const stop = watchStart(socket, {
      look: (start) => this.#look(start, stop),
      seen: () => this.#pass(socket),
      ended: (start) => {
        stop();
        if (start.length === this.#headerLength || this.#isAwaitingTls(socket)) socket.destroy();
        else this.#refuse(socket, CUT_SHORT);
      },
    });
    this.#onLate = () => {
      stop();
      if (this.#isAwaitingTls(socket)) socket.destroy();
      else this.#refuse(socket, LATE);
    };
  }

  /** How many bytes are done with; undefined: more must be seen, or all is over. */
  #look(start: Buffer, stop: () => void): number | undefined {
    if (this.#awaitsHeader) {
      const header = parseProxyHeader(start);
      if (header === undefined) return undefined;
      if (header === "malformed" || !this.#believe(header.source)) {
        stop();
        if (header === "malformed") this.#refuse(this.#raw, NEEDS_HEADER);
        else this.#raw.destroy();
        return undefined;
      }
      this.#awaitsHeader = false;
      this.#headerLength = header.length;
    }
    this.#protocol = protocolOf(start.subarray(this.#headerLength));
    return this.#protocol === undefined ? undefined : this.#headerLength;
  }

  /** From here on the connection is the client's. False: of that one there are too many. */
  #believe(source: ProxySource): boolean {
    if (source.kind === "proxy") return true;
    // Somebody unknown comes from the proxy's address, and yet has not the proxy's word.
    if (source.kind === "unknown") this.#peer = this.#peer.with({ isTrusted: false });
    else {
      const { ip, port } = source;
      this.#peer = this.#peer.with({ ip, port, isTrusted: this.#options.site.proxies.has(ip) });
    }
    return source.kind === "unknown" || this.#enter();
  }

  #isAwaitingTls(socket: Socket): boolean {
    return this.#options.tls !== undefined && socket === this.#raw;
  }

  /** To who speaks what the connection speaks. */
  #pass(socket: Socket): void {
    const { tls } = this.#options;
    if (tls === undefined || socket !== this.#raw) this.#handOver(socket);
    else if (this.#protocol === "http1") this.#refuse(socket, NEEDS_TLS);
    else if (this.#protocol === "http2") endWith(socket, HTTP2_NEEDS_TLS);
    else {
      this.#onLate = () => socket.destroy();
      socket.allowHalfOpen = false; // who ends a TLS connection, or gives the handshake up, has ended both its ways
      tls.accept(socket, (secured, certificate) => this.#secured(secured, certificate));
    }
  }

  #secured(socket: TLSSocket, certificate: ClientCertificate | undefined): void {
    this.#options.connections.replace(this.#raw, socket);
    this.#peer = this.#peer.with({ isEncrypted: true, certificate });
    this.#headerLength = 0;
    socket.on("error", () => socket.destroy()).once("close", () => this.#raw.destroy());
    this.#watch(socket);
  }

  /** What is neither protocol is refused by the HTTP/1.1 server. */
  #handOver(socket: Socket): void {
    const { http1, http2, connections } = this.#options;
    const chosen = "alpnProtocol" in socket ? socket.alpnProtocol : undefined;
    clearTimeout(this.#timer);
    this.#peer.keepWith(socket);
    if (this.#protocol === "http2" && chosen !== "http/1.1") {
      // Node would refuse a client that has not named a protocol in its handshake.
      if (chosen === false) Reflect.set(socket, "alpnProtocol", "h2");
      connections.addMultiplexed(socket);
      socket.allowHalfOpen = false; // Node's HTTP/2 would keep what its client has ended
      http2.emit("connection", socket);
    } else if (chosen === "h2") socket.destroy();
    else http1.emit("connection", socket);
  }

  #refuse(socket: Socket, error: HttpError): void {
    clearTimeout(this.#timer);
    refuseConnection(socket, error);
  }
}

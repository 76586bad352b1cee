// Who is at the other end of a connection, found out once when it opens, and kept
// with its socket: each request on it can ask.
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { Socket } from "node:net";
import type { ClientCertificate } from "../auth/credentials.ts";
import { parseIp } from "./ip-address.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

/** What the server knows of its own place on the network. */
export interface Site {
  /** "https://registry.example.com"; absent: as clients say. */
  readonly publicUrl: string | undefined;
  /** In front of every path: "/registry". Empty: nothing. */
  readonly prefix: string;
  readonly proxies: TrustedProxies;
}

interface PeerFacts {
  readonly site: Site;
  /** In the form of parseIp. Absent: it came over a Unix socket. */
  readonly ip?: string | undefined;
  readonly port?: number | undefined;
  /** True: its word about clients behind it is believed. */
  readonly isTrusted: boolean;
  readonly isEncrypted?: boolean;
  /** Absent: it proved none. */
  readonly certificate?: ClientCertificate | undefined;
}

const PEER = Symbol("peer");

export class Peer implements PeerFacts {
  readonly site: Site;
  readonly ip: string | undefined;
  readonly port: number | undefined;
  readonly isTrusted: boolean;
  readonly isEncrypted: boolean;
  readonly certificate: ClientCertificate | undefined;

  constructor({ site, ip, port, isTrusted, isEncrypted = false, certificate }: PeerFacts) {
    this.site = site;
    this.ip = ip;
    this.port = port;
    this.isTrusted = isTrusted;
    this.isEncrypted = isEncrypted;
    this.certificate = certificate;
  }

  /** Whom the connection itself shows. */
  static of(socket: Socket, site: Site): Peer {
    const { remoteAddress, remotePort: port } = socket;
    if (remoteAddress === undefined) return new Peer({ site, isTrusted: site.proxies.hasUnix });
    const [unscoped = ""] = remoteAddress.split("%"); // A link-local address names its link.
    const ip = parseIp(unscoped);
    return new Peer({ site, ip, port, isTrusted: ip !== undefined && site.proxies.has(ip) });
  }

  /** The same peer, with some facts changed. */
  with(changes: Partial<PeerFacts>): Peer {
    return new Peer({ ...this, ...changes });
  }

  keepWith(socket: Socket): void {
    Reflect.set(socket, PEER, this);
  }
}

/** Undefined when the connection is gone. */
export function peerOf(request: IncomingMessage | Http2ServerRequest): Peer | undefined {
  const socket = socketOf(request);
  const found: unknown = socket === undefined ? undefined : Reflect.get(socket, PEER);
  return found instanceof Peer ? found : undefined;
}

/** Of HTTP/2 the session is asked: Node's stand-in for its socket throws when it is gone. */
function socketOf(request: IncomingMessage | Http2ServerRequest): object | undefined {
  if (!("stream" in request)) return request.socket;
  const { session } = request.stream;
  return session === undefined || session.destroyed ? undefined : session.socket;
}

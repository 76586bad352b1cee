// Where to listen, as http.addr writes it: "HOST:PORT", "[IPv6]:PORT", or
// ":PORT" for all interfaces, as in distribution; or the path of a Unix socket.
import { isIPv4, isIPv6 } from "node:net";

export type ListenAddress = TcpAddress | SocketAddress;

export interface TcpAddress {
  /** A host name or IP address, without brackets. Empty: all interfaces. */
  readonly host: string;
  /** Zero: the system chooses a free one. */
  readonly port: number;
}

export interface SocketAddress {
  /** Of the socket's file, as it was written: may be relative. */
  readonly path: string;
}

/** What the system has room for, in bytes. */
const MAX_SOCKET_PATH = 107;

const FORM = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/;

/** Undefined when the text is no address of TCP. */
export function parseListenAddress(text: string): TcpAddress | undefined {
  const [, bracketed, plain, digits] = FORM.exec(text) ?? [];
  const port = Number(digits ?? Number.NaN);
  if (!(port <= 65_535)) return undefined;
  if (bracketed !== undefined) return isIPv6(bracketed) ? { host: bracketed, port } : undefined;
  const host = plain ?? "";
  return host === "" || isIPv4(host) || isHostName(host) ? { host, port } : undefined;
}

/** A path with a "/" in it, which tells it from a host name. Undefined when the text is none, or too long. */
export function parseSocketPath(text: string): SocketAddress | undefined {
  const isPath = /^[^\0]*\/[^\0]*[^\0/]$/.test(text) && Buffer.byteLength(text) <= MAX_SOCKET_PATH;
  return isPath ? { path: text } : undefined;
}

/** The address as http.addr writes it. */
export function formatListenAddress(address: ListenAddress): string {
  if ("path" in address) return address.path;
  const { host, port } = address;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** True when only this machine can connect: loopback, or a Unix socket. A name other than "localhost" counts as reachable. */
export function isLocal(address: ListenAddress): boolean {
  return "path" in address || isLoopbackHost(address.host);
}

/** The same for a host alone, without brackets. */
export function isLoopbackHost(host: string): boolean {
  const isMappedLoopback = host.toLowerCase().startsWith("::ffff:127.");
  return (
    host === "localhost" || host === "::1" || isMappedLoopback || (isIPv4(host) && host.startsWith("127."))
  );
}

/** True when two listeners cannot have both. Names are not looked up, but for "localhost". */
export function canCollide(one: TcpAddress, other: TcpAddress): boolean {
  if (one.port !== other.port || one.port === 0) return false;
  const [first, second] = [familiesOf(one.host), familiesOf(other.host)];
  return first.some((host) =>
    second.some((rival) => host === rival || isAll(host, rival) || isAll(rival, host)),
  );
}

/** The addresses that a host stands for; ALL_4 and ALL_6 for all of a family. */
function familiesOf(host: string): readonly string[] {
  if (host === "" || host === "::") return [ALL_4, ALL_6];
  if (host === "localhost") return ["127.0.0.1", "::1"];
  return [host.toLowerCase()];
}

const ALL_4 = "0.0.0.0";
const ALL_6 = "::";

function isAll(host: string, rival: string): boolean {
  if (host === ALL_4) return !rival.includes(":");
  return host === ALL_6 && !isIPv4(rival);
}

function isHostName(host: string): boolean {
  // All digits and dots, yet no IPv4 address: a mistyped address, not a name.
  return /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/.test(host) && !/^[\d.]+$/.test(host);
}

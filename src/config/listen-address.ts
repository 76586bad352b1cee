// Where to listen, as http.addr writes it: "HOST:PORT", "[IPv6]:PORT", or
// ":PORT" for all interfaces, as in distribution.
import { isIPv4, isIPv6 } from "node:net";

export interface ListenAddress {
  /** A host name or IP address, without brackets. Empty: all interfaces. */
  readonly host: string;
  /** Zero: the system chooses a free one. */
  readonly port: number;
}

const FORM = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/;

/** Undefined when the text is not an address. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [, bracketed, plain, digits] = FORM.exec(text) ?? [];
  const port = Number(digits ?? Number.NaN);
  if (!(port <= 65_535)) return undefined;
  if (bracketed !== undefined) return isIPv6(bracketed) ? { host: bracketed, port } : undefined;
  const host = plain ?? "";
  return host === "" || isIPv4(host) || isHostName(host) ? { host, port } : undefined;
}

/** The address as http.addr writes it. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** True when only this machine can connect. A name other than "localhost" counts as reachable. */
export function isLoopback({ host }: ListenAddress): boolean {
  const isMappedLoopback = host.toLowerCase().startsWith("::ffff:127.");
  return (
    host === "localhost" || host === "::1" || isMappedLoopback || (isIPv4(host) && host.startsWith("127."))
  );
}

function isHostName(host: string): boolean {
  // All digits and dots, yet no IPv4 address: a mistyped address, not a name.
  return /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/.test(host) && !/^[\d.]+$/.test(host);
}

// IP addresses in one form each, so that they can be compared, counted and looked up.
import { isIPv4, isIPv6 } from "node:net";

/** How a listener for IPv6 shows those who come over IPv4, in the form URLs write it. RFC 4291, 2.5.5.2. */
const MAPPED_IPV4 = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/** IPv4 as it is, IPv6 in its shortest form, IPv4 inside of IPv6 as IPv4. Undefined: the text is no address. */
export function parseIp(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const shortest = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const [, high, low] = MAPPED_IPV4.exec(shortest) ?? [];
  if (high === undefined || low === undefined) return shortest;
  const bits = [high, low].map((group) => Number.parseInt(group, 16));
  return bits.flatMap((pair) => [pair >> 8, pair & 255]).join(".");
}

/** "192.0.2.1:80", "[2001:db8::1]:80"; without a port "192.0.2.1", "[2001:db8::1]". */
export function formatEndpoint(ip: string, port: number | undefined): string {
  const host = ip.includes(":") ? `[${ip}]` : ip;
  return port === undefined ? host : `${host}:${port}`;
}

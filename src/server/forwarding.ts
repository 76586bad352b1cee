// The client behind trusted proxies: from the connection's peer outwards, as long as
// each hop is trusted, up to the first who is not. What is malformed ends the way at
// the nearest hop that can be believed, and what strangers say is not read. The
// Forwarded header wins over X-Forwarded-*, unless they name different clients: then
// one of them is forged, and neither counts.
import type { IncomingHttpHeaders } from "node:http";
import { forwardedHops, type Hop } from "./forwarded.ts";
import { parseHost, parsePort } from "./host-name.ts";
import { parseIp } from "./ip-address.ts";
import type { Peer } from "./peer.ts";

/** The client as the outermost trusted proxy saw it. */
export interface Seen {
  readonly ip?: string | undefined;
  readonly port?: number | undefined;
  readonly scheme: "http" | "https";
  /** What proxies say that it asked for. Absent: they do not say. */
  readonly host?: string | undefined;
  readonly hostPort?: number | undefined;
}

export function seenThrough(headers: IncomingHttpHeaders, peer: Peer): Seen {
  const direct: Seen = { ip: peer.ip, port: peer.port, scheme: peer.isEncrypted ? "https" : "http" };
  if (!peer.isTrusted) return direct;
  const { forwarded } = headers;
  if (forwarded === undefined) return outwards(direct, xForwardedHops(headers), peer);
  const seen = outwards(direct, forwardedHops(forwarded), peer);
  if (headers["x-forwarded-for"] === undefined) return seen;
  // Few proxies write both; what one does not write it passes on, as a stranger may have forged it.
  return outwards(direct, xForwardedHops(headers), peer).ip === seen.ip ? seen : direct;
}

function outwards(direct: Seen, hops: Iterable<Hop | undefined>, { site }: Peer): Seen {
  let seen = direct;
  for (const hop of hops) {
    if (hop === undefined) break;
    const { ip, port, scheme = seen.scheme, host = seen.host, hostPort = seen.hostPort } = hop;
    seen = { ip: seen.ip, port: seen.port, scheme, host, hostPort };
    if (ip === undefined) break;
    seen = { ...seen, ip, port };
    if (!site.proxies.has(ip)) break;
  }
  return seen;
}

/** Each is a list to which proxies append, or a single value of the outermost; nearest first. */
function* xForwardedHops(headers: IncomingHttpHeaders): Generator<Hop> {
  const clients = listOf(headers["x-forwarded-for"]);
  const schemes = listOf(headers["x-forwarded-proto"]);
  const hosts = listOf(headers["x-forwarded-host"]);
  const ports = listOf(headers["x-forwarded-port"]);
  const length = Math.max(clients.length, 1);
  for (let back = 1; back <= length; back += 1) {
    const scheme = schemes.at(-back)?.toLowerCase();
    const host = hosts.at(-back);
    yield {
      ...parseEndpoint(clients.at(-back) ?? ""),
      scheme: scheme === "http" || scheme === "https" ? scheme : undefined,
      host: host !== undefined && parseHost(host) !== undefined ? host : undefined,
      hostPort: parsePort(ports.at(-back) ?? ""),
    };
  }
}

function listOf(header: string | readonly string[] | undefined): readonly string[] {
  const text = typeof header === "string" ? header : header?.join(",");
  return text === undefined ? [] : text.split(",").map((part) => part.trim());
}

/** "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:80". */
function parseEndpoint(text: string): Hop {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const ip = parseIp(bracketed ?? plain ?? text);
  return { ip, port: ip === undefined || digits === undefined ? undefined : parsePort(digits) };
}

// The Forwarded header: what each proxy on the way tells of who came to it. Read
// from the right, where the nearest proxy writes, so that nothing further left can
// hide it. RFC 7239, 4 to 6.
import { parseHost, parsePort } from "./host-name.ts";
import { parseIp } from "./ip-address.ts";

/** What one proxy tells of who came to it. */
export interface Hop {
  /** In the form of parseIp. Absent: the proxy does not say, or not understandably. */
  readonly ip?: string | undefined;
  readonly port?: number | undefined;
  readonly scheme?: "http" | "https" | undefined;
  /** A host by parseHost, as it was written. */
  readonly host?: string | undefined;
  /** The port that the client asked for, where `host` does not say. */
  readonly hostPort?: number | undefined;
}

const PAIR =
  /^[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)|"((?:[^"\\]|\\.)*)")[ \t]*(?:;|$)/;

const NODE =
  /^(?:(\d+\.\d+\.\d+\.\d+)|\[([^\]]+)\]|unknown|_[A-Za-z0-9._-]+)(?::(?:(\d{1,5})|_[A-Za-z0-9._-]+))?$/;

/** The hops, nearest first; undefined, and nothing after it, for one that is malformed. */
export function* forwardedHops(header: string): Generator<Hop | undefined> {
  let end = header.length;
  while (end >= 0) {
    const comma = lastComma(header, end);
    const hop = parseHop(header.slice(comma + 1, end));
    yield hop;
    if (hop === undefined) return;
    end = comma;
  }
}

/** The last comma before `end` that stands in no quoted string; -1: none. */
function lastComma(text: string, end: number): number {
  let isQuoted = false;
  for (let index = end - 1; index >= 0; index -= 1) {
    const character = text[index];
    if (character === '"' && !isEscaped(text, index)) isQuoted = !isQuoted;
    else if (character === "," && !isQuoted) return index;
  }
  return -1;
}

function isEscaped(text: string, index: number): boolean {
  let slashes = 0;
  while (text[index - slashes - 1] === "\\") slashes += 1;
  return slashes % 2 === 1;
}

function parseHop(element: string): Hop | undefined {
  const pairs = readPairs(element);
  if (pairs === undefined) return undefined;
  const node = pairs.get("for");
  const who = node === undefined ? {} : parseNode(node);
  const host = pairs.get("host");
  const scheme = pairs.get("proto")?.toLowerCase();
  if (who === undefined || (host !== undefined && parseHost(host) === undefined)) return undefined;
  return { ...who, host, ...((scheme === "http" || scheme === "https") && { scheme }) };
}

/** Undefined when the element breaks the grammar or says something twice. */
function readPairs(element: string): ReadonlyMap<string, string> | undefined {
  const pairs = new Map<string, string>();
  let rest = element;
  while (rest.trim() !== "") {
    const [whole = "", name = "", token, quoted] = PAIR.exec(rest) ?? [];
    const key = name.toLowerCase();
    if (whole === "" || pairs.has(key)) return undefined;
    pairs.set(key, token ?? quoted?.replace(/\\(.)/g, "$1") ?? "");
    rest = rest.slice(whole.length);
  }
  return pairs.size === 0 ? undefined : pairs;
}

/** Somebody unnamed ("unknown", "_hidden") is a node without an address. */
function parseNode(text: string): Hop | undefined {
  const match = NODE.exec(text);
  if (match === null) return undefined;
  const [, ipv4, ipv6, digits] = match;
  const written = ipv4 ?? ipv6;
  if (written === undefined) return {};
  const ip = parseIp(written);
  return ip === undefined ? undefined : { ip, port: digits === undefined ? undefined : parsePort(digits) };
}

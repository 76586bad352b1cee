// The PROXY protocol: with what a proxy for connections begins, to say whose
// connection it passes on. proxy-protocol.txt of HAProxy, versions 1 and 2.
import { isIPv4, isIPv6 } from "node:net";
import { parseIp } from "./ip-address.ts";

/** Whose connection it is, where the header says so. */
export type ProxySource =
  | { readonly kind: "client"; readonly ip: string; readonly port: number }
  /** The proxy came by itself, to see whether we live. */
  | { readonly kind: "proxy" }
  /** Somebody whose address is not told. */
  | { readonly kind: "unknown" };

export interface ProxyHeader {
  /** In bytes, with what is skipped. */
  readonly length: number;
  readonly source: ProxySource;
}

const V1_START = Buffer.from("PROXY ");
/** With its line end: "UNKNOWN" and two of the longest addresses. */
const V1_MAX_LENGTH = 107;
const V1_FORM = /^PROXY (?:UNKNOWN(?: [^\r\n]*)?|(TCP[46]) (\S+) (\S+) (\d{1,5}) (\d{1,5}))\r\n$/;

const V2_START = Buffer.from("\r\n\r\n\0\r\nQUIT\n");
const V2_HEAD = 16;
/** Far above what proxies add; the format would allow 64 KiB. */
const V2_MAX_REST = 4096;
/** Sizes of a pair of addresses with their ports. */
const V2_IPV4 = 12;
const V2_IPV6 = 36;

/** Undefined while more bytes can make a header of it; "malformed" when none can. */
export function parseProxyHeader(start: Buffer): ProxyHeader | "malformed" | undefined {
  if (begins(start, V2_START)) return start.length < V2_HEAD ? undefined : parseV2(start);
  if (begins(start, V1_START)) return parseV1(start);
  return "malformed";
}

/** True as far as both go. */
function begins(start: Buffer, expected: Buffer): boolean {
  const compared = Math.min(start.length, expected.length);
  return start.compare(expected, 0, compared, 0, compared) === 0;
}

function parseV1(start: Buffer): ProxyHeader | "malformed" | undefined {
  const length = start.subarray(0, V1_MAX_LENGTH).indexOf("\n") + 1;
  if (length === 0) return start.length < V1_MAX_LENGTH ? undefined : "malformed";
  const match = V1_FORM.exec(start.toString("latin1", 0, length));
  if (match === null) return "malformed";
  const [, family, from = "", to = "", fromPort, toPort] = match;
  if (family === undefined) return { length, source: { kind: "unknown" } };
  const isOfFamily = family === "TCP4" ? isIPv4 : isIPv6;
  const ip = parseIp(from);
  const port = Number(fromPort);
  if (ip === undefined || !isOfFamily(from) || !isOfFamily(to) || port > 65_535 || Number(toPort) > 65_535)
    return "malformed";
  return { length, source: { kind: "client", ip, port } };
}

function parseV2(start: Buffer): ProxyHeader | "malformed" | undefined {
  const command = start.readUInt8(12);
  const rest = start.readUInt16BE(14);
  if ((command !== 0x20 && command !== 0x21) || rest > V2_MAX_REST) return "malformed";
  const length = V2_HEAD + rest;
  if (start.length < length) return undefined;
  if (command === 0x20) return { length, source: { kind: "proxy" } };
  const source = sourceV2(start.readUInt8(13), start.subarray(V2_HEAD, length));
  return source === undefined ? "malformed" : { length, source };
}

/** What follows the addresses (TLVs) is of no interest here. */
function sourceV2(family: number, addresses: Buffer): ProxySource | undefined {
  if (family === 0x11) return addresses.length < V2_IPV4 ? undefined : client(addresses, 4);
  if (family === 0x21) return addresses.length < V2_IPV6 ? undefined : client(addresses, 16);
  // Unspecified, a Unix socket, or a transport that is none of ours.
  return { kind: "unknown" };
}

function client(addresses: Buffer, size: 4 | 16): ProxySource | undefined {
  const bytes = addresses.subarray(0, size);
  const groups = size === 4 ? [...bytes].join(".") : (bytes.toString("hex").match(/.{4}/g) ?? []).join(":");
  const ip = parseIp(groups);
  return ip === undefined ? undefined : { kind: "client", ip, port: addresses.readUInt16BE(2 * size) };
}

// The host that a client asked for, as Host, :authority and the headers of proxies
// write it: checked strictly, since URLs are made of it.
import { isIPv4, isIPv6 } from "node:net";

const FORM =
  /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?))(?::(\d{1,5}))?$/;

export interface HostName {
  /** With the brackets of IPv6. */
  readonly name: string;
  readonly port?: number;
}

/** Undefined when the text is no host. */
export function parseHost(text: string): HostName | undefined {
  const [, address, name = "", digits] = FORM.exec(text) ?? [];
  if (address === undefined ? !isName(name) : !isIPv6(address)) return undefined;
  const port = digits === undefined ? undefined : parsePort(digits);
  if (digits !== undefined && port === undefined) return undefined;
  return { name: address === undefined ? name : `[${address}]`, ...(port !== undefined && { port }) };
}

/** Undefined when the text is no port. */
export function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function isName(name: string): boolean {
  // All digits and dots, yet no IPv4 address: a mistyped address, not a name.
  return name !== "" && !name.includes("..") && (isIPv4(name) || !/^[\d.]+$/.test(name));
}

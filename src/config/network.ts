// Networks whose machines are trusted: an IP address, or a block of them in CIDR
// notation, "10.0.0.0/8". RFC 4632.
import { isIP, isIPv6 } from "node:net";
import type { Parsed } from "./key.ts";

/** Stands for everybody who may open the Unix socket that is listened on. */
const UNIX = "unix";

/** The network as it was written. One that holds strangers is refused. */
export function parseNetwork(text: string): Parsed<string> {
  if (text === UNIX) return { value: text };
  const [address = "", digits, ...more] = text.split("/");
  const family = isIP(address);
  const width = family === 4 ? 32 : 128;
  const isBlock = digits !== undefined && /^\d{1,3}$/.test(digits) && Number(digits) <= width;
  if (family === 0 || more.length > 0 || (digits !== undefined && !isBlock))
    return { problem: `"${text}" is no IP address and no block of them, such as 10.0.0.0/8 or fd00::/8` };
  if (address.includes("%")) return { problem: `"${text}" has a zone; leave it out` };
  if (isBlock && Number(digits) === 0)
    return {
      problem: `"${text}" is everybody, so that strangers could say that they are anybody; name the proxies`,
    };
  if (isIPv6(address) && /^::ffff:/i.test(address))
    return { problem: `"${text}" is an IPv4 address in IPv6 form; write it as IPv4` };
  return { value: text };
}

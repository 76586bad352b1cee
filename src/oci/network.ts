// Whose address it is: one IPv4 address, or one IPv6 network of 64 bits, which is
// what one household or one machine has; within it a client may use any address.
import { isIPv6 } from "node:net";

/** Stands for clients without an address, which came over a Unix socket. */
const LOCAL = "unix";

/** What all addresses of one client have in common. */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return LOCAL;
  const [plain = ""] = address.split("%");
  if (!isIPv6(plain)) return plain;
  const [, mapped] = /^(?:0*:)+ffff:([\d.]+)$/i.exec(plain) ?? [];
  if (mapped !== undefined) return mapped;
  const groups = firstGroups(plain);
  // Below ::/64 lie loopback and IPv4 addresses in other clothes, which have nothing in common.
  return groups.every((group) => group === "0") ? plain : `${groups.join(":")}::/64`;
}

/** The first four of the eight groups, without leading zeros. */
function firstGroups(address: string): readonly string[] {
  const [before = "", after] = address.split("::");
  const head = before === "" ? [] : before.split(":");
  const tail = after === undefined || after === "" ? [] : after.split(":");
  // An IPv4 address at the end stands for two groups.
  const length = head.length + tail.length + (address.includes(".") ? 1 : 0);
  const zeros = after === undefined ? 0 : 8 - length;
  return [...head, ...Array<string>(zeros).fill("0"), ...tail]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16));
}

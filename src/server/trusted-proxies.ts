// Whose word about their clients is believed: http.trustedproxies.
import { BlockList, isIPv4, isIPv6 } from "node:net";
import { parseIp } from "./ip-address.ts";

/** Stands in the list for everybody who may open the Unix socket. */
const UNIX = "unix";

/** Bits of an IPv6 address before the IPv4 address inside of it. */
const MAPPED_BITS = 96;

export class TrustedProxies {
  readonly #blocks = new BlockList();
  readonly #isEmpty: boolean;
  /** True: who comes over a Unix socket is believed. */
  readonly hasUnix: boolean;

  /** Takes addresses, CIDR blocks and "unix"; throws for anything else. */
  constructor(entries: readonly string[]) {
    this.hasUnix = entries.includes(UNIX);
    const blocks = entries.filter((entry) => entry !== UNIX);
    this.#isEmpty = blocks.length === 0;
    for (const block of blocks) this.#add(block);
  }

  /** Takes an address in the form of parseIp. */
  has(ip: string): boolean {
    return !this.#isEmpty && this.#blocks.check(ip, isIPv4(ip) ? "ipv4" : "ipv6");
  }

  #add(block: string): void {
    const [, text = "", digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(block) ?? [];
    const ip = parseIp(text);
    if (ip === undefined) throw new Error(`trusted proxy "${block}" is neither an address nor a CIDR block`);
    const bits = isIPv4(ip) ? 32 : 128;
    const given = digits === undefined ? undefined : Number(digits);
    const prefix = given === undefined ? bits : isIPv6(text) && bits === 32 ? given - MAPPED_BITS : given;
    if (prefix < 0 || prefix > bits)
      throw new Error(`trusted proxy "${block}" has an impossible prefix length`);
    this.#blocks.addSubnet(ip, prefix, bits === 32 ? "ipv4" : "ipv6");
  }
}

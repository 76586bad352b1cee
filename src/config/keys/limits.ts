// Proxies in front, and what one client may cost: http.trustedproxies, http.limits.
import { acts, between, COUNT, count, FLAG, flag } from "../key.ts";
import { parseNetwork } from "../network.ts";
import { listOf } from "../text-schemas.ts";

const MAX = 1_000_000;

const orNone = between(0, MAX);

const OR_NONE = "a whole number; 0 sets no limit";

export const limitKeys = {
  "http.trustedproxies": acts({
    schema: listOf(parseNetwork),
    type: "a list of IP addresses and blocks (CIDR), or unix",
    default: [],
    below: "tree",
    verbatim: "elements",
    meaning:
      "Proxies whose word about their clients is believed: address, host and scheme in `Forwarded` or `X-Forwarded-*`. `unix` is whoever may open the Unix socket. Of everybody else these headers are ignored.",
  }),
  "http.proxyprotocol": acts({
    schema: flag,
    type: FLAG,
    default: false,
    meaning:
      "Whether connections from `trustedproxies` begin with a header of the PROXY protocol, version 1 or 2.",
  }),
  "http.limits.connections": acts({
    schema: count,
    type: COUNT,
    default: 10_000,
    meaning: "The most connections at a time. Further ones are closed.",
  }),
  "http.limits.connectionsperaddress": acts({
    schema: orNone,
    type: OR_NONE,
    default: 2000,
    meaning:
      "The most connections at a time from one address (IPv6: one /64). A proxy is one address; those in `trustedproxies` are not counted.",
  }),
  "http.limits.streams": acts({
    schema: count,
    type: COUNT,
    default: 256,
    meaning: "The most requests at a time on one HTTP/2 connection.",
  }),
  "http.limits.headers": acts({
    schema: between(4096, 1_048_576),
    type: "a whole number from 4096 to 1048576",
    default: 32_768,
    meaning: "The longest head of a request, in bytes.",
  }),
  "http.limits.uploads": acts({
    schema: orNone,
    type: OR_NONE,
    default: 512,
    meaning: "The most uploads that one client, by its name or else its address, writes at a time.",
  }),
  "http.limits.rate.principal": acts({
    schema: orNone,
    type: OR_NONE,
    default: 0,
    meaning: "Requests a second of one caller that is authenticated. Further ones are answered with 429.",
  }),
  "http.limits.rate.address": acts({
    schema: orNone,
    type: OR_NONE,
    default: 0,
    meaning: "Requests a second of one address (IPv6: one /64), whoever comes from it.",
  }),
  "http.limits.rate.burst": acts({
    schema: between(1, 3600),
    type: "a whole number from 1 to 3600",
    default: 10,
    meaning: "How many seconds' worth of requests may come at once.",
  }),
} as const;

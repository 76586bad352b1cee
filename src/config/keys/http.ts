// The http section: the listener and its limits.
import { z } from "zod";
import { HEADER_NAME, headerValues } from "../header.ts";
import { acts, COUNT, count, DURATION, duration, FLAG, flag, inert, refused, reject, text } from "../key.ts";
import { parseListenAddress } from "../listen-address.ts";
import { parseOrigin } from "../origin.ts";

const address = text.transform((value, context) => parseListenAddress(value) ?? reject(context));

const ADDRESS = "HOST:PORT, such as 127.0.0.1:5000, [::1]:5000, or :5000 for all interfaces";

const headers = z.record(z.string().regex(HEADER_NAME), headerValues);

const origin = text.transform((value, context) => {
  const withoutSlash = value.endsWith("/") && parseOrigin(value.slice(0, -1)) !== undefined;
  return parseOrigin(value) ?? reject(context, withoutSlash ? 'leave the "/" at its end out' : undefined);
});

const isNotEmpty = (value: unknown) => value !== "";

export const httpKeys = {
  "http.addr": acts({
    schema: address,
    type: ADDRESS,
    default: "127.0.0.1:5000",
    verbatim: "all",
    meaning:
      "Where to listen: for Docker clients, and on the same port for Connect, gRPC and gRPC-Web. An address that other machines can reach needs `auth.none` in so many words, because everybody who reaches it may write.",
  }),
  "http.net": refused({
    schema: z.enum(["", "tcp", "unix"]),
    type: "tcp",
    refuses: (value) => value === "unix",
    meaning: "The kind of address.",
    instead: "Unix sockets are not supported yet; use tcp and a loopback address in http.addr",
  }),
  "http.prefix": refused({
    schema: text,
    type: "text",
    refuses: isNotEmpty,
    meaning: "A path in front of `/v2/`.",
    instead: "a path in front of /v2/ is not supported yet; serve the registry at the root of a host name",
  }),
  "http.host": refused({
    schema: text,
    type: "text",
    refuses: isNotEmpty,
    meaning: "The URL under which clients reach the registry.",
    instead: "remove it: answers hold relative locations, which are right under every name",
  }),
  "http.secret": inert({
    schema: text,
    type: "text",
    verbatim: "all",
    secret: true,
    meaning:
      "The id of an upload is enough to continue it; no state is handed out that would have to be signed.",
  }),
  "http.relativeurls": inert({
    schema: flag,
    type: FLAG,
    meaning: "Locations are always relative.",
  }),
  "http.draintimeout": acts({
    schema: duration,
    type: DURATION,
    default: "30s",
    meaning:
      "How long running requests may take to finish after SIGTERM. What still runs then is cut off. `0` cuts at once.",
  }),
  "http.headers": acts({
    schema: headers,
    type: "a map of header names to lists of values",
    default: {},
    below: "header",
    meaning: "Added to every answer of the Docker API, for example `X-Content-Type-Options: [nosniff]`.",
  }),
  "http.cors.origins": acts({
    schema: z.array(origin).transform((origins) => [...new Set(origins)]),
    type: 'a list of origins, each SCHEME://HOST[:PORT], or "*"',
    default: [],
    below: "tree",
    verbatim: "elements",
    meaning:
      'Browsers let pages from these origins call the RPCs: `[https://ui.example.com]`, or `["*"]` for pages from anywhere.',
  }),
  "http.timeouts.header": acts({
    schema: duration,
    type: DURATION,
    default: "60s",
    meaning: "How long a client may take to send the head of a request.",
  }),
  "http.timeouts.idle": acts({
    schema: duration,
    type: DURATION,
    default: "75s",
    meaning: "How long a connection is kept between two requests.",
  }),
  "http.timeouts.progress": acts({
    schema: duration,
    type: DURATION,
    default: "60s",
    meaning:
      "How long a transfer may stand still before it is cut off. A slow transfer that moves is never cut off.",
  }),
  "http.limits.connections": acts({
    schema: count,
    type: COUNT,
    default: 10_000,
    meaning: "The most connections at a time. Further ones are closed.",
  }),
  "http.limits.streams": acts({
    schema: count,
    type: COUNT,
    default: 256,
    meaning: "The most requests at a time on one HTTP/2 connection.",
  }),
  "http.http2.disabled": inert({
    schema: flag,
    type: FLAG,
    meaning: "HTTP/2 is always spoken, because gRPC needs it.",
  }),
  "http.h2c.enabled": inert({
    schema: flag,
    type: FLAG,
    meaning: "HTTP/2 without TLS is always spoken on the same port.",
  }),
  "http.debug.addr": inert({
    schema: address,
    type: ADDRESS,
    verbatim: "all",
    meaning: "There is no debug listener yet.",
  }),
  "http.debug.prometheus.enabled": inert({
    schema: flag,
    type: FLAG,
    meaning: "There are no metrics yet.",
  }),
  "http.debug.prometheus.path": inert({
    schema: text,
    type: "a path",
    verbatim: "all",
    meaning: "There are no metrics yet.",
  }),
  "http.tls": refused({
    type: "a map",
    meaning: "TLS on the listener.",
    instead: "TLS is not supported yet; let a proxy in front of Stowage speak TLS, and remove it here",
  }),
} as const;

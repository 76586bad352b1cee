// The http section: the listener. TLS and limits have files of their own.
import { z } from "zod";
import { HEADER_NAME, headerValues } from "../header.ts";
import { acts, DURATION, duration, FLAG, flag, inert, reject, text } from "../key.ts";
import { parseListenAddress, parseSocketPath } from "../listen-address.ts";
import { parseOrigin } from "../origin.ts";
import { parseBaseUrl } from "../public-url.ts";
import { parsedText } from "../text-schemas.ts";
import { debugKeys } from "./debug.ts";
import { limitKeys } from "./limits.ts";
import { tlsKeys } from "./tls.ts";

const ADDRESS = "HOST:PORT, such as 127.0.0.1:5000, [::1]:5000, or :5000 for all interfaces";

/** Which of the two it must be is told by http.net; see http-rules.ts. */
const address = text.transform(
  (value, context) => parseListenAddress(value) ?? parseSocketPath(value) ?? reject(context),
);

const headers = z.record(z.string().regex(HEADER_NAME), headerValues);

const origin = text.transform((value, context) => {
  const withoutSlash = value.endsWith("/") && parseOrigin(value.slice(0, -1)) !== undefined;
  return parseOrigin(value) ?? reject(context, withoutSlash ? 'leave the "/" at its end out' : undefined);
});

const PREFIX = /^\/(?:[A-Za-z0-9._~-]+\/)*$/;

/** Without the "/" at its end. */
const prefix = text.transform((value, context) => {
  if (value === "") return "";
  const segments = value.split("/");
  if (PREFIX.test(value) && !segments.some((segment) => /^\.\.?$/.test(segment))) return value.slice(0, -1);
  const repaired = `/${value.replace(/^\/+|\/+$/g, "")}/`;
  const isNear = repaired !== value && PREFIX.test(repaired);
  return reject(context, isNear ? `write "${repaired}"` : undefined);
});

const MAX_DRAIN_DELAY_MS = 3_600_000;

export const httpKeys = {
  "http.addr": acts({
    schema: address,
    type: `${ADDRESS}; or the path of a Unix socket`,
    default: "127.0.0.1:5000",
    verbatim: "all",
    meaning:
      "Where to listen: for Docker clients, and on the same port for Connect, gRPC and gRPC-Web. An address that other machines can reach needs an `auth` section.",
  }),
  "http.net": acts({
    schema: z.enum(["", "tcp", "unix"]).transform((kind) => (kind === "unix" ? kind : "tcp")),
    type: "tcp or unix",
    default: "tcp",
    meaning: "The kind of `http.addr`: TCP, or the path of a Unix socket.",
  }),
  "http.host": acts({
    schema: z
      .unknown()
      .transform((given) => (given === "" ? undefined : given))
      .pipe(parsedText(parseBaseUrl)),
    type: "an http or https URL without a path",
    verbatim: "all",
    secret: true,
    meaning:
      "The URL under which clients reach the registry: `https://registry.example.com`. Absent: as they say themselves, or as a trusted proxy says.",
  }),
  "http.prefix": acts({
    schema: prefix,
    type: 'a path that begins and ends with "/"',
    default: "",
    verbatim: "all",
    meaning: "A path in front of every other: with `/registry/` the API is at `/registry/v2/`.",
  }),
  "http.secret": inert({
    schema: text,
    type: "text",
    verbatim: "all",
    secret: true,
    meaning:
      "The id of an upload is enough to continue it; no state is handed out that would have to be signed.",
  }),
  "http.relativeurls": acts({
    schema: flag,
    type: FLAG,
    default: false,
    meaning:
      "Whether locations in answers are relative although there is an `http.host`. Without one they always are.",
  }),
  ...tlsKeys,
  "http.draintimeout": acts({
    schema: duration,
    type: DURATION,
    default: "30s",
    meaning:
      "How long running requests may take to finish after SIGTERM. What still runs then is cut off. `0` cuts at once.",
  }),
  "http.draindelay": acts({
    schema: duration.refine((value) => value <= MAX_DRAIN_DELAY_MS),
    type: `${DURATION}, at most 1h`,
    default: "0s",
    meaning:
      "How long after SIGTERM new requests are still taken, while health says already that the registry is not ready: the time in which load balancers learn of it. Then `http.draintimeout` begins.",
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
  ...limitKeys,
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
  ...debugKeys,
} as const;

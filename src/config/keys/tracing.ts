// The tracing section: where traces go, and of how many requests.
import { z } from "zod";
import { CONNECTION_HEADERS } from "../connection-headers.ts";
import { blot } from "../effective-tree.ts";
import { headersOf, headerValue } from "../header.ts";
import { acts, complain, reject, TIMER, text, timer } from "../key.ts";
import { parseListenAddress } from "../listen-address.ts";
import { parseWebhookUrl, showWebhookUrl } from "../webhook-url.ts";

/** Those that the exporter sets, and those that belong to the connection. */
const OUR_HEADERS: ReadonlySet<string> = new Set([
  ...CONNECTION_HEADERS,
  "content-encoding",
  "content-type",
  "host",
]);

/** Where a collector takes traces. OTLP/HTTP Request. */
const DEFAULT_PATH = "/v1/traces";

const ENDPOINT = "an http or https URL";

/** HOST:PORT alone, in which nothing is secret. */
function isAddress(given: unknown): given is string {
  const address = typeof given === "string" ? parseListenAddress(given) : undefined;
  return address !== undefined && address.host !== "";
}

function addScheme(context: z.core.$RefinementCtx, address: string): never {
  return complain(
    context,
    `expected ${ENDPOINT}, found "${address}"; write http://${address}${DEFAULT_PATH}`,
  );
}

const endpoint = z.unknown().transform((given, context) => {
  if (given === undefined || given === "") return undefined;
  const parsed = typeof given === "string" ? parseWebhookUrl(given) : undefined;
  if (parsed === undefined) return isAddress(given) ? addScheme(context, given) : reject(context);
  const url = new URL(parsed.url);
  if (url.pathname === "/") url.pathname = DEFAULT_PATH;
  return { ...parsed, url: url.href };
});

const headers = headersOf(headerValue, OUR_HEADERS);

export const tracingKeys = {
  "tracing.otlp.endpoint": acts({
    schema: endpoint,
    type: ENDPOINT,
    verbatim: "all",
    secret: true,
    show: (given) => showWebhookUrl(String(given)),
    meaning:
      "Where traces are sent to, as OTLP over HTTP in protobuf: `http://127.0.0.1:4318`. Without a path `/v1/traces` is meant. A user and a password in it are sent as a Basic `Authorization` header, unless `headers` has one. Absent: nothing is traced and nobody is connected to, whatever variables named `OTEL_…` say.",
  }),
  "tracing.otlp.headers": acts({
    schema: headers,
    type: "a map of header names to text",
    default: {},
    below: "header",
    secret: true,
    show: blot,
    meaning: "Sent with each delivery of traces, such as an API key. They are never shown.",
  }),
  "tracing.otlp.timeout": acts({
    schema: timer,
    type: TIMER,
    default: "10s",
    meaning:
      "How long one delivery may take, with its repetitions. What cannot be delivered is dropped; a warning in the log, at most one a minute, says why and how many spans.",
  }),
  "tracing.sampling": acts({
    schema: z.number().min(0).max(1),
    type: "a number from 0 to 1",
    default: 1,
    meaning:
      "The share of requests that are traced, where nobody who is believed has decided: `0.01` is one of a hundred.",
  }),
  "tracing.rate": acts({
    schema: z.int().min(0),
    type: "a whole number, 0 or more",
    default: 50,
    meaning:
      "The most requests a second that are traced because of `tracing.sampling`. So a quiet registry shows everything, and a busy one is not slowed. `0`: any number.",
  }),
  "tracing.parents.rate": acts({
    schema: z.int().min(0),
    type: "a whole number, 0 or more",
    default: 50,
    meaning:
      "The most requests a second that are traced because the `traceparent` of one of `http.trustedproxies` says so, beside those of `tracing.rate`. More of them, and those of anybody else, come under `tracing.sampling`. `0`: nobody's word counts.",
  }),
  "tracing.servicename": acts({
    schema: text.pipe(z.string().min(1).max(255)),
    type: "text, 1 to 255 characters",
    default: "stowage",
    verbatim: "all",
    meaning: "What traces call this service (`service.name`).",
  }),
} as const;

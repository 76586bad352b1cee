// What browsers ask before a page of another origin may call the RPCs, and what
// they want to read in each answer. Fetch Standard, CORS protocol.
import { cors } from "@connectrpc/connect";
import type { ServerAnswer, ServerRequest } from "./json-error.ts";

/** How long a browser may remember a permission, in seconds; browsers allow two hours at most. */
const MAX_AGE_S = 7200;

/** Headers that our clients send beside those of the protocols. */
const OWN_HEADERS = ["Authorization"];

const PREFLIGHT_HEADERS = {
  "Access-Control-Allow-Methods": cors.allowedMethods.join(", "),
  "Access-Control-Allow-Headers": [...cors.allowedHeaders, ...OWN_HEADERS].join(", "),
  "Access-Control-Max-Age": MAX_AGE_S,
};

const EXPOSED_HEADERS = cors.exposedHeaders.join(", ");

/** Sets what a browser wants to read, and answers its question before a call. True: it is answered. */
export type AnswerCors = (request: ServerRequest, response: ServerAnswer) => boolean;

/** `origins`: as browsers write them, "https://ui.example.com", or "*" for all. None: pages of other origins are kept out. */
export function createCors(origins: readonly string[]): AnswerCors {
  const allowed = new Set(origins);
  return (request, response) => {
    const { origin } = request.headers;
    if (allowed.size === 0 || origin === undefined) return false;
    response.setHeader("Vary", "Origin");
    const isAllowed = allowed.has("*") || allowed.has(origin);
    if (isAllowed) {
      response.setHeader("Access-Control-Allow-Origin", origin);
      response.setHeader("Access-Control-Expose-Headers", EXPOSED_HEADERS);
    }
    if (request.method !== "OPTIONS") return false;
    response.writeHead(204, isAllowed ? PREFLIGHT_HEADERS : {});
    response.end();
    return true;
  };
}

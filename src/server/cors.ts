// What browsers ask before a page of another origin may call the RPCs or the Docker
// API, and what they want to read in each answer, refusals too. The question is
// answered before anything else is looked at: it carries no credentials. Fetch
// Standard, CORS protocol.
import { cors } from "@connectrpc/connect";
import type { ServerAnswer, ServerRequest } from "./json-error.ts";

/** How long a browser may remember a permission, in seconds; browsers allow two hours at most. */
const MAX_AGE_S = 7200;

/** Of the Docker API, beside those of the RPCs. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Headers that our clients send beside those of the RPC protocols: credentials, and what pages of registries ask with. */
const OWN_HEADERS = [
  "Authorization",
  "Accept",
  "Cache-Control",
  "Content-Range",
  "If-Match",
  "If-None-Match",
  "If-Range",
  "Range",
];

/** What a page cannot do without: digests, where to go on, how to log in, when to come again. */
const OWN_EXPOSED = [
  "Accept-Ranges",
  "Content-Length",
  "Content-Range",
  "Docker-Content-Digest",
  "Docker-Distribution-API-Version",
  "Docker-Upload-UUID",
  "ETag",
  "Link",
  "Location",
  "OCI-Chunk-Min-Length",
  "OCI-Filters-Applied",
  "OCI-Subject",
  "OCI-Tag",
  "Range",
  "Retry-After",
  "X-Request-Id",
  "WWW-Authenticate",
];

const PREFLIGHT_HEADERS = {
  "Access-Control-Allow-Methods": union(METHODS, cors.allowedMethods),
  "Access-Control-Allow-Headers": union(cors.allowedHeaders, OWN_HEADERS),
  "Access-Control-Max-Age": MAX_AGE_S,
};

const EXPOSED_HEADERS = union(cors.exposedHeaders, OWN_EXPOSED);

function union(...lists: readonly (readonly string[])[]): string {
  return [...new Set(lists.flat())].join(", ");
}

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

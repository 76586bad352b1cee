// The request target, taken apart without a URL object: this is done for every
// request. RFC 9112, 3.2.
import { decode } from "./query.ts";

export interface RequestTarget {
  /** Decoded segment by segment; a "/" that was encoded inside a segment stays "%2F" and separates nothing. */
  readonly path: string;
  /** What stands behind "?", still encoded. */
  readonly query: string;
}

const API_ROOT = "/v2";

/** The paths of the token endpoint, which are not below it. */
const TOKEN_PATHS = ["/auth/token", "/auth/keys"];

/**
 * True for targets that belong to the gateway: "/v2" and all below it, and the token endpoint. Takes what `request.url`
 * holds.
 */
export function handles(url: string): boolean {
  const target = url.startsWith("/") ? url : originForm(url);
  if (!target.startsWith(API_ROOT)) return isTokenPath(target);
  const next = target.charAt(API_ROOT.length);
  return next === "" || next === "/" || next === "?";
}

function isTokenPath(target: string): boolean {
  const question = target.indexOf("?");
  return TOKEN_PATHS.includes(question < 0 ? target : target.slice(0, question));
}

/** Takes `request.url` apart. Throws REQUEST_INVALID for broken percent-encoding. */
export function readTarget(url: string): RequestTarget {
  const target = url.startsWith("/") ? url : originForm(url);
  const question = target.indexOf("?");
  const path = question < 0 ? target : target.slice(0, question);
  const query = question < 0 ? "" : target.slice(question + 1);
  return { path: path.includes("%") ? path.split("/").map(decodeSegment).join("/") : path, query };
}

function decodeSegment(segment: string): string {
  return decode(segment).replaceAll("/", "%2F");
}

/** "http://host/v2/" is what a client sends to a proxy; servers must take it too. */
function originForm(url: string): string {
  const scheme = url.indexOf("://");
  const slash = scheme < 0 ? -1 : url.indexOf("/", scheme + 3);
  return slash < 0 ? "" : url.slice(slash);
}

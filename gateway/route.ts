// What one row of the route table says. The router, `Allow`, OPTIONS and
// docs/api.md are made from nothing else.
import type { ErrorCode } from "../src/oci/errors.ts";
import type { Handler } from "./exchange.ts";
import type { HandlerName } from "./observer.ts";

/** GET rows answer HEAD too. */
export type Method = "DELETE" | "GET" | "PATCH" | "POST" | "PUT";

/** A named thing and what it means: a parameter or a header. */
export interface Explained {
  readonly name: string;
  readonly meaning: string;
}

/** One way to succeed. */
export interface Success {
  readonly status: number;
  readonly meaning: string;
  /** Beside those that every answer has. */
  readonly headers: readonly Explained[];
}

export interface Route {
  readonly id: string;
  readonly method: Method;
  /** At most two placeholders: {name}, which may span segments, and one that is the last segment. */
  readonly path: string;
  /** What figures count it as; the same for all rows of a path. */
  readonly handler: HandlerName;
  /** The endpoint's ids in distribution-spec, Endpoints. */
  readonly specification?: string;
  /** One sentence. */
  readonly summary: string;
  /** What else is worth knowing. */
  readonly notes?: readonly string[];
  readonly pathParameters: readonly Explained[];
  readonly queryParameters: readonly Explained[];
  readonly requestHeaders: readonly Explained[];
  /** What the body holds. Absent: nothing. */
  readonly body?: string;
  readonly successes: readonly Success[];
  /**
   * Beside UNAUTHORIZED, DENIED, TOOMANYREQUESTS, UNAVAILABLE and INSUFFICIENT_STORAGE, which any route can answer.
   */
  readonly errors: readonly ErrorCode[];
  readonly handle: Handler;
}

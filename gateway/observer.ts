// Who watches the gateway: told where a request leads, and what is answered.
import type { HttpRequest, ResponseHeaders } from "./http-messages.ts";

/** What answers a request: the names that Docker's registry has for its handlers, and two of ours. */
export const HANDLERS = [
  "base",
  "blob",
  "blob_upload",
  "blob_upload_chunk",
  "catalog",
  "manifest",
  "referrers",
  "tags",
  "token",
] as const;

export type HandlerName = (typeof HANDLERS)[number];

/** Where a request leads. */
export interface Destination {
  readonly handler: HandlerName;
  /** The path's {name}, decoded, not yet checked. Empty where the path has none. */
  readonly repository: string;
  /** The path's other placeholder, likewise. */
  readonly argument: string;
}

/** Neither may throw, and both are on the way of every request. */
export interface GatewayObserver {
  /** Told before the handler begins; never for a path that leads nowhere. */
  routed(request: HttpRequest, destination: Destination): void;
  /** Told when the head of the answer goes out, with all its headers but those that configuration adds. */
  answered(request: HttpRequest, headers: ResponseHeaders): void;
}

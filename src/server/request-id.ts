// The name of a request: in its answer, in the log, in events and traces. One for
// each request, however many calls it becomes.
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { peerOf } from "./peer.ts";

/** Tells the client what its request is called. */
export const REQUEST_ID_HEADER = "X-Request-Id";

const REQUEST_ID = Symbol("request id");

/** What a proxy may call a request: nothing that a log, a header or a shell would mistake. */
const GIVEN_ID = /^[A-Za-z0-9._:=/+-]{1,128}$/;

/** The same each time. A trusted proxy's name for the request is taken over; what others say is not looked at. */
export function requestIdOf(request: IncomingMessage | Http2ServerRequest): string {
  const known: unknown = Reflect.get(request, REQUEST_ID);
  if (typeof known === "string") return known;
  const id = givenId(request) ?? randomUUID();
  Reflect.set(request, REQUEST_ID, id);
  return id;
}

function givenId(request: IncomingMessage | Http2ServerRequest): string | undefined {
  const given = request.headers["x-request-id"];
  if (typeof given !== "string" || !GIVEN_ID.test(given)) return undefined;
  return peerOf(request)?.isTrusted === true ? given : undefined;
}

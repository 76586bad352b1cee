// What a gateway in front of a registry elsewhere sends with each call: its client's
// credentials as they came, its own, and what it knows of the client. The registry
// believes the last only from gateways that its configuration names.
import type { HttpRequest } from "../../gateway/http-messages.ts";
import { CLIENT_CLAIMS, type ClientClaims, GATEWAY_AUTHORIZATION } from "../rpc/client-claims.ts";
import type { RequestFacts } from "../rpc/visit.ts";

export interface ClientHeaderOptions {
  /** What is known of a client's request. */
  readonly factsOf: (request: HttpRequest) => RequestFacts;
  /** The gateway's own Authorization; undefined: it has none. */
  readonly authorization: () => string | undefined;
}

/** The headers of the calls on behalf of a request. Nothing that the client sent can end up among the gateway's own. */
export function clientHeaders(
  request: HttpRequest,
  { factsOf, authorization }: ClientHeaderOptions,
): Record<string, string> {
  const headers: Record<string, string> = { [CLIENT_CLAIMS]: headerSafe(claimsOf(factsOf(request))) };
  const own = authorization();
  if (own !== undefined) headers[GATEWAY_AUTHORIZATION] = own;
  const { authorization: clients } = request.headers;
  if (clients !== undefined) headers.authorization = clients;
  return headers;
}

function claimsOf({ id, method, address, host, scheme, userAgent, baseUrl }: RequestFacts): ClientClaims {
  return {
    id,
    method: method ?? "",
    ...(address !== undefined && { address }),
    ...(host !== undefined && { host }),
    ...(scheme !== undefined && { scheme }),
    ...(userAgent !== undefined && { userAgent }),
    ...(baseUrl !== undefined && { baseUrl }),
  };
}

/** JSON that fits into a header: the same text, with escapes for all that is not ASCII. */
function headerSafe(value: ClientClaims): string {
  return JSON.stringify(value).replaceAll(
    /[\x7f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

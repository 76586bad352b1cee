// What load balancers and orchestrators ask, again and again, to see whether somebody
// is there.
import type { Exchange } from "./request-watch.ts";

const HEALTH_RPC = "/grpc.health.v1.Health/";

/** Ask when the request has been dispatched: below http.prefix it is as good as without. */
export function isProbe({ request: { url = "", method } }: Exchange): boolean {
  if (url.startsWith(HEALTH_RPC)) return true;
  return (url === "/" || url.startsWith("/?")) && (method === "GET" || method === "HEAD");
}

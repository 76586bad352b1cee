// The trace of a request: whether there is one, what its first span says, and how the
// next one on the way is told. Attributes are named as OpenTelemetry's semantic
// conventions for HTTP servers have them; ours begin with "stowage.".
import type { HandlerName } from "../../gateway/observer.ts";
import { ROUTES } from "../../gateway/routes.ts";
import { peerOf } from "../server/peer.ts";
import type { Sampling } from "../telemetry/sampling.ts";
import type { Span } from "../telemetry/scope.ts";
import { readTraceContext, type TraceContext } from "../telemetry/trace-context.ts";
import type { Tracer } from "../telemetry/tracer.ts";
import type { Ending, Exchange, RequestTracer } from "./request-watch.ts";

/** The paths of the Docker API, by what answers them; where there are several, none stands for all. */
const PATHS: ReadonlyMap<string, string> = pathsOf(ROUTES);

export class RequestSpans implements RequestTracer {
  readonly #tracer: Tracer;
  readonly #sampling: Sampling;

  constructor(tracer: Tracer, sampling: Sampling) {
    this.#tracer = tracer;
    this.#sampling = sampling;
  }

  /** What strangers say of their trace is taken for a name, not for an order. */
  begin(exchange: Exchange): Span | undefined {
    const { headers } = exchange.request;
    if (headers.traceparent === undefined || peerOf(exchange.request)?.isTrusted !== true)
      return this.#sampling.byLot() ? this.#start(exchange, readTraceContext(headers)) : undefined;
    const caller = readTraceContext(headers);
    const isTraced =
      caller === undefined ? this.#sampling.byLot() : this.#sampling.asDecided(caller.isSampled);
    return isTraced ? this.#start(exchange, caller) : undefined;
  }

  finish(span: Span, { request, notes, url }: Exchange, { status, isWhole }: Ending): void {
    const { handler, rpc } = notes;
    const path = handler === undefined ? rpc && `/${rpc}` : (PATHS.get(handler) ?? pathOf(url));
    if (path !== undefined) span.rename(`${request.method} ${path}`);
    span.set({
      "http.route": path,
      "http.response.status_code": status,
      "http.response.body.size": isWhole ? notes.responseBytes : undefined,
      "stowage.repository": notes.repository,
      "stowage.reference": notes.reference,
      "stowage.digest": notes.digest,
      "stowage.principal": notes.who?.(),
      ...(!isWhole && { "stowage.incomplete": true }),
    });
    if (status >= 500) span.fail(String(status));
  }

  #start({ request, url, caller, notes }: Exchange, parent: TraceContext | undefined): Span {
    const { ip, scheme, userAgent } = caller;
    const method = request.method ?? "GET";
    return this.#tracer.begin(method, {
      parent,
      attributes: {
        "http.request.method": method,
        "url.path": pathOf(url),
        "url.scheme": scheme,
        "client.address": ip,
        "user_agent.original": userAgent,
        "network.protocol.version": request.httpVersion,
        "stowage.request_id": notes.id,
      },
    });
  }
}

/** What stands behind "?", and in front of a path, may be secret. Undefined: it is no path. */
function pathOf(url: string): string | undefined {
  if (!url.startsWith("/")) return undefined;
  const question = url.indexOf("?");
  return question < 0 ? url : url.slice(0, question);
}

function pathsOf(
  routes: readonly { readonly handler: HandlerName; readonly path: string }[],
): ReadonlyMap<string, string> {
  const paths = new Map<string, Set<string>>();
  for (const { handler, path } of routes) paths.set(handler, (paths.get(handler) ?? new Set()).add(path));
  return new Map(
    [...paths].flatMap(([handler, [path = "", ...others]]) => (others.length > 0 ? [] : [[handler, path]])),
  );
}

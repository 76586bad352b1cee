// The calls of a gateway whose registry runs elsewhere: each is a step of its
// request's trace, and tells the registry so. W3C Trace Context.
import { ConnectError, type Interceptor } from "@connectrpc/connect";
import type { HttpRequest } from "../../gateway/http-messages.ts";
import type { Scopes, Span } from "../telemetry/scope.ts";
import { readTraceContext, traceHeaders, unrecorded } from "../telemetry/trace-context.ts";
import { noteFailure } from "./call-failure.ts";
import { TracedStream } from "./traced.ts";

/** What goes with the calls of a request that is not traced: the registry is not to begin a trace in the middle. */
export function untracedHeaders(request: HttpRequest, scopes: Scopes): Record<string, string> {
  if (scopes.current?.span !== undefined) return {}; // its calls tell for themselves
  return traceHeaders(unrecorded(readTraceContext(request.headers)));
}

/** Gives each call of a traced request its span. */
export function traceCalls(scopes: Scopes): Interceptor {
  return (next) => async (request) => {
    const scope = scopes.current;
    const service = request.service.typeName;
    const method = request.method.name;
    const span = scope?.span?.child(
      `${service}/${method}`,
      { "rpc.system": "connect_rpc", "rpc.service": service, "rpc.method": method },
      "client",
    );
    if (scope === undefined || span === undefined) return next(request);
    tell(request.header, span);
    try {
      const response = await next(request);
      if (!response.stream) {
        span.end();
        return response;
      }
      // Whoever has all bytes that were promised does not wait for the stream's end, and says so to the signal alone.
      request.signal.addEventListener("abort", () => span.end(), { once: true });
      const message = new TracedStream(response.message, {
        scopes,
        scope: { notes: scope.notes, span },
        span,
        failed: callFailed,
      });
      return { ...response, message };
    } catch (error) {
      callFailed(span, error);
      throw error;
    }
  };
}

function callFailed(span: Span, error: unknown): void {
  noteFailure(span, ConnectError.from(error).code, error);
  span.end();
}

function tell(headers: Headers, { traceId, spanId, traceState }: Span): void {
  const state = traceState === undefined ? {} : { state: traceState };
  for (const [name, value] of Object.entries(traceHeaders({ traceId, spanId, isSampled: true, ...state })))
    headers.set(name, value);
}

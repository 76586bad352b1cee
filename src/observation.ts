// What an operator sees of a running server, put together: who watches requests and
// calls, and whom they tell. Made before the registry, which is given it.
import { type CallSink, CallWatch } from "./instruments/call-watch.ts";
import { type RequestSink, type RequestTracer, RequestWatch } from "./instruments/request-watch.ts";
import type { CallObserver } from "./rpc/call-observer.ts";
import type { Scopes } from "./telemetry/scope.ts";

export interface ObservationParts {
  readonly scopes: Scopes;
  /** Told of every request. */
  readonly requestSinks: readonly RequestSink[];
  /** Told of every call. */
  readonly callSinks: readonly CallSink[];
  /** Absent: nothing is traced. */
  readonly tracer?: RequestTracer | undefined;
}

export interface Observation {
  readonly scopes: Scopes;
  /** For the server and the gateway. */
  readonly requests: RequestWatch;
  /** For the services. */
  readonly calls: CallObserver;
}

export function createObservation(parts: ObservationParts): Observation {
  const { scopes, requestSinks, callSinks, tracer } = parts;
  return {
    scopes,
    requests: new RequestWatch({ scopes, sinks: requestSinks, tracer }),
    calls: new CallWatch({ scopes, sinks: callSinks }),
  };
}

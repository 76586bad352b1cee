// What an operator sees of a running server, put together: who watches requests and
// calls, and whom they tell. Made before the registry, which is given it.
import type { Config } from "./config/config.ts";
import { accessLog } from "./instruments/access-log.ts";
import { type CallSink, CallWatch } from "./instruments/call-watch.ts";
import type { Instruments } from "./instruments/instruments.ts";
import { type RequestSink, type RequestTracer, RequestWatch } from "./instruments/request-watch.ts";
import type { CallObserver } from "./rpc/call-observer.ts";
import type { Log } from "./telemetry/log.ts";
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

/** Who watches a process. */
export interface WatchedBy {
  readonly scopes: Scopes;
  readonly log: Log;
  /** Absent: nothing is counted. */
  readonly instruments: Pick<Instruments, "requests" | "calls"> | undefined;
  /** Absent: nothing is traced. */
  readonly tracer: RequestTracer | undefined;
}

export interface Observation {
  readonly scopes: Scopes;
  /** For the server and the gateway. */
  readonly requests: RequestWatch;
  /** For the services. */
  readonly calls: CallObserver;
}

/** What the configuration asks for: the access log, metrics where they are counted, traces where there is a tracer. */
export function observationFor(
  { log: { accessLog: isLogged } }: Pick<Config, "log">,
  { scopes, log, instruments, tracer }: WatchedBy,
): Observation {
  const counting = instruments === undefined ? [] : [instruments];
  return createObservation({
    scopes,
    requestSinks: [...(isLogged ? [accessLog(log)] : []), ...counting.map(({ requests }) => requests)],
    callSinks: counting.map(({ calls }) => calls),
    tracer,
  });
}

export function createObservation(parts: ObservationParts): Observation {
  const { scopes, requestSinks, callSinks, tracer } = parts;
  return {
    scopes,
    requests: new RequestWatch({ scopes, sinks: requestSinks, tracer }),
    calls: new CallWatch({ scopes, sinks: callSinks }),
  };
}

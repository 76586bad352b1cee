// Traces, put together as the configuration has it. Without a collector nothing of
// it is made.
import type { TracingConfig } from "./config/tracing.ts";
import { RequestSpans } from "./instruments/request-spans.ts";
import type { RequestTracer } from "./instruments/request-watch.ts";
import type { WarningLogger } from "./telemetry/rare-warning.ts";
import { Sampling } from "./telemetry/sampling.ts";
import { Tracer } from "./telemetry/tracer.ts";

export interface TracingDependencies {
  /** Of this program, "0.1.0". */
  readonly version: string;
  /** Of this process, as its events name it. */
  readonly instanceId: string;
  readonly logger: WarningLogger;
}

/** Disposing of it sends what is left, and takes some seconds at most whatever happens. */
export interface Tracing extends AsyncDisposable {
  readonly requests: RequestTracer;
}

/** Undefined: nothing is traced. */
export async function openTracing(
  config: TracingConfig | undefined,
  dependencies: TracingDependencies,
): Promise<Tracing | undefined> {
  if (config === undefined) return undefined;
  const { otlp, serviceName, sampling: share, rate, parentRate } = config;
  const tracer = await Tracer.open({ otlp, serviceName, ...dependencies });
  return {
    requests: new RequestSpans(tracer, new Sampling({ share, rate, parentRate })),
    [Symbol.asyncDispose]: () => tracer.close(),
  };
}

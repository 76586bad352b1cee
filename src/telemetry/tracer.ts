// Traces: what took how long, step by step, for the requests that are recorded.
// OpenTelemetry's packages are loaded here, when there is a collector to send to, and
// nowhere else. They take nothing from the environment and print nothing.
import type { Tracer as OtelTracer } from "@opentelemetry/api";
import { OtlpExporter, type OtlpTarget } from "./otlp-exporter.ts";
import { RareWarning, type WarningLogger } from "./rare-warning.ts";
import type { Span, SpanAttributes } from "./scope.ts";
import type { TraceContext } from "./trace-context.ts";
import { type BeginChild, TracedSpan } from "./traced-span.ts";

export interface TracerOptions {
  readonly otlp: OtlpTarget;
  /** What the service is called: "stowage". */
  readonly serviceName: string;
  /** Of this program, "0.1.0". */
  readonly version: string;
  /** Of this process. */
  readonly instanceId: string;
  readonly logger: WarningLogger;
}

export interface SpanStart {
  /** Whose step this is a step of. Absent: it begins a trace. */
  readonly parent?: TraceContext | undefined;
  readonly attributes: SpanAttributes;
}

/** How long the last spans may take when the process ends, in milliseconds. */
const CLOSE_MS = 3000;

/** The most finished spans that wait to be sent; more are dropped. */
const QUEUE = 8192;

/** The most spans in one delivery, and how often there is one, in milliseconds. */
const BATCH = 512;
const DELAY_MS = 2000;

/** The most characters of a text in a span. */
const MAX_TEXT = 1024;

/** What one request may leave at most: a stream of events can run for days. */
const MAX_SPANS = 1000;

interface TracerParts {
  readonly begin: (name: string, start: SpanStart) => ReturnType<OtelTracer["startSpan"]>;
  readonly beginChild: BeginChild;
  readonly close: () => Promise<void>;
}

export class Tracer {
  readonly #parts: TracerParts;

  private constructor(parts: TracerParts) {
    this.#parts = parts;
  }

  /** Loads what it takes. Connects to nobody before there is a span to send. */
  static async open(options: TracerOptions): Promise<Tracer> {
    return new Tracer(await load(options));
  }

  /** Begins a request that is recorded; who calls has decided that it is. */
  begin(name: string, start: SpanStart): Span {
    const { begin, beginChild } = this.#parts;
    const budget = { left: MAX_SPANS, dropped: 0 };
    return new TracedSpan({
      span: begin(name, start),
      beginChild,
      budget,
      traceState: start.parent?.state,
      isFirst: true,
    });
  }

  /** Sends what is left, as long as that takes no longer than some seconds. */
  close(): Promise<void> {
    return this.#parts.close();
  }
}

async function load({ otlp, serviceName, version, instanceId, logger }: TracerOptions): Promise<TracerParts> {
  const [api, sdk, { ProtobufTraceSerializer }, { resourceFromAttributes }] = await Promise.all([
    import("@opentelemetry/api"),
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/otlp-transformer"),
    import("@opentelemetry/resources"),
  ]);
  const lost = new RareWarning(logger, "traces could not be delivered");
  const url = withoutQuery(otlp.url);
  const exporter = new OtlpExporter({
    ...otlp,
    encode: (spans) => ProtobufTraceSerializer.serializeRequest(spans),
    lost: (reason, spans) => lost.tell({ url, reason }, spans),
  });
  const complaints = new RareWarning(logger, "tracing has a problem");
  const complain = (reason: string) => complaints.tell({ reason });
  const ignore = () => undefined;
  const { trace, diag, ROOT_CONTEXT } = api;
  diag.setLogger(
    { error: complain, warn: complain, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({
      "service.name": serviceName,
      "service.version": version,
      "service.instance.id": instanceId,
    }),
    sampler: new sdk.AlwaysOnSampler(),
    spanLimits: { attributeValueLengthLimit: MAX_TEXT },
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter,
        maxQueueSize: QUEUE,
        maxExportBatchSize: BATCH,
        scheduledDelayMillis: DELAY_MS,
        exportTimeoutMillis: otlp.timeoutMs + CLOSE_MS, // the exporter has its own, which is shorter
      }),
    ],
  });
  const tracer = provider.getTracer("stowage", version);
  const remote = ({ traceId, spanId, state }: TraceContext) =>
    trace.setSpanContext(ROOT_CONTEXT, {
      traceId,
      spanId,
      traceFlags: api.TraceFlags.SAMPLED,
      isRemote: true,
      ...(state !== undefined && { traceState: api.createTraceState(state) }),
    });
  return {
    begin: (name, { parent, attributes }) =>
      tracer.startSpan(
        name,
        { kind: api.SpanKind.SERVER, attributes: { ...attributes } },
        parent === undefined ? ROOT_CONTEXT : remote(parent),
      ),
    beginChild: (name, { attributes, kind }, parent) =>
      tracer.startSpan(
        name,
        {
          kind: kind === "client" ? api.SpanKind.CLIENT : api.SpanKind.INTERNAL,
          attributes: { ...attributes },
        },
        trace.setSpan(ROOT_CONTEXT, parent),
      ),
    async close() {
      const timer = setTimeout(() => exporter.abort(), CLOSE_MS);
      await provider.shutdown();
      clearTimeout(timer);
      diag.disable();
      lost.end();
      complaints.end();
    },
  };
}

/** Behind "?" may stand a key. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

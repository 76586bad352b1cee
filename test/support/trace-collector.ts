// A collector of traces: takes OTLP over HTTP, reads the protobuf by its published field
// numbers, and keeps every span.
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { fromJSON, type ServiceDefinition } from "@grpc/proto-loader";
import { eventually } from "./eventually.ts";

/** A span as it arrived. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it begins the trace. */
  readonly parentId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: "internal" | "server" | "client";
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly {
    readonly name: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
  readonly isFailed: boolean;
  /** In nanoseconds. */
  readonly begin: bigint;
  readonly end: bigint;
  /** Of the process. */
  readonly resource: Readonly<Record<string, unknown>>;
}

export class TraceCollector implements AsyncDisposable {
  readonly url: string;
  readonly spans: CollectedSpan[] = [];
  /** The headers of each delivery. */
  readonly deliveries: IncomingHttpHeaders[] = [];
  /** What it answers; may be replaced at any time. */
  status = 200;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<TraceCollector> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const collector = new TraceCollector(server);
    server.on("request", async (request, response) => {
      const body = await buffer(request);
      collector.deliveries.push(request.headers);
      if (collector.status === 200 && request.url === "/v1/traces") collector.spans.push(...decode(body));
      response.writeHead(collector.status).end();
    });
    return collector;
  }

  /** All spans of a trace, as soon as one of them is such; by the time they began. */
  async trace(what: string, isIt: (span: CollectedSpan) => boolean): Promise<readonly CollectedSpan[]> {
    const found = await eventually(
      `a span of ${what}`,
      async () => this.spans.find(isIt),
      () => this.spans.map(({ name }) => name).join(", "),
    );
    const all = this.spans.filter(({ traceId }) => traceId === found.traceId);
    return all.sort((a, b) => (a.begin < b.begin ? -1 : 1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The names of a trace's spans as a tree, two spaces for each step down. */
export function drawTree(spans: readonly CollectedSpan[], parentId: string): readonly string[] {
  return spans
    .filter((span) => span.parentId === parentId)
    .flatMap(({ name, spanId }) => [name, ...drawTree(spans, spanId).map((line) => `  ${line}`)]);
}

/** opentelemetry-proto, collector/trace/v1 and what it uses, as far as we look. */
const TRACE_SERVICE = {
  nested: {
    TraceService: {
      methods: { Export: { requestType: "ExportTraceServiceRequest", responseType: "Empty" } },
    },
    Empty: { fields: {} },
    ExportTraceServiceRequest: {
      fields: { resourceSpans: { rule: "repeated", type: "ResourceSpans", id: 1 } },
    },
    ResourceSpans: {
      fields: {
        resource: { type: "Resource", id: 1 },
        scopeSpans: { rule: "repeated", type: "ScopeSpans", id: 2 },
      },
    },
    Resource: { fields: { attributes: { rule: "repeated", type: "KeyValue", id: 1 } } },
    ScopeSpans: { fields: { spans: { rule: "repeated", type: "Span", id: 2 } } },
    Span: {
      fields: {
        traceId: { type: "bytes", id: 1 },
        spanId: { type: "bytes", id: 2 },
        traceState: { type: "string", id: 3 },
        parentSpanId: { type: "bytes", id: 4 },
        name: { type: "string", id: 5 },
        kind: { type: "int32", id: 6 },
        startTimeUnixNano: { type: "fixed64", id: 7 },
        endTimeUnixNano: { type: "fixed64", id: 8 },
        attributes: { rule: "repeated", type: "KeyValue", id: 9 },
        events: { rule: "repeated", type: "Event", id: 11 },
        status: { type: "Status", id: 15 },
      },
    },
    Event: {
      fields: {
        name: { type: "string", id: 2 },
        attributes: { rule: "repeated", type: "KeyValue", id: 3 },
      },
    },
    Status: { fields: { message: { type: "string", id: 2 }, code: { type: "int32", id: 3 } } },
    KeyValue: { fields: { key: { type: "string", id: 1 }, value: { type: "AnyValue", id: 2 } } },
    AnyValue: {
      oneofs: { value: { oneof: ["stringValue", "boolValue", "intValue", "doubleValue"] } },
      fields: {
        stringValue: { type: "string", id: 1 },
        boolValue: { type: "bool", id: 2 },
        intValue: { type: "int64", id: 3 },
        doubleValue: { type: "double", id: 4 },
      },
    },
  },
};

interface Message {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: KeyValues };
    readonly scopeSpans: readonly { readonly spans: readonly SpanMessage[] }[];
  }[];
}

type KeyValues = readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];

interface SpanMessage {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly parentSpanId: Buffer;
  readonly traceState: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: KeyValues;
  readonly events: readonly { readonly name: string; readonly attributes: KeyValues }[];
  readonly status: { readonly code: number } | null;
}

type Schema = Parameters<typeof fromJSON>[0];

const service = fromJSON(TRACE_SERVICE as unknown as Schema, {
  defaults: true,
  arrays: true,
  longs: String,
  oneofs: true,
}).TraceService as ServiceDefinition;

const KINDS: Readonly<Record<number, CollectedSpan["kind"]>> = { 1: "internal", 2: "server", 3: "client" };

const STATUS_ERROR = 2;

function decode(body: Buffer): readonly CollectedSpan[] {
  const message = service.Export?.requestDeserialize(body) as unknown as Message;
  return message.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map((span) => toSpan(span, valuesOf(resource.attributes)))),
  );
}

function toSpan(span: SpanMessage, resource: CollectedSpan["resource"]): CollectedSpan {
  const kind = KINDS[span.kind];
  if (kind === undefined) throw new Error(`a span is of kind ${span.kind}`);
  return {
    traceId: span.traceId.toString("hex"),
    spanId: span.spanId.toString("hex"),
    parentId: span.parentSpanId.toString("hex"),
    traceState: span.traceState,
    name: span.name,
    kind,
    attributes: valuesOf(span.attributes),
    events: span.events.map(({ name, attributes }) => ({ name, attributes: valuesOf(attributes) })),
    isFailed: span.status?.code === STATUS_ERROR,
    begin: BigInt(span.startTimeUnixNano),
    end: BigInt(span.endTimeUnixNano),
    resource,
  };
}

function valuesOf(pairs: KeyValues): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => {
      const found = value[String(value.value)];
      return [key, value.value === "intValue" ? Number(found) : found];
    }),
  );
}

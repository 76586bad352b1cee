// A step of a trace, as the rooms see it, over OpenTelemetry's. One request leaves a
// bounded number of them, whatever it does and however long.
import type { Span as OtelSpan } from "@opentelemetry/api";
import type { Span, SpanAttributes } from "./scope.ts";

/** Begins a step below another. */
export type BeginChild = (
  name: string,
  start: { readonly attributes: SpanAttributes; readonly kind: "client" | undefined },
  parent: OtelSpan,
) => OtelSpan;

/** Shared by all steps of one request. */
export interface SpanBudget {
  left: number;
  dropped: number;
}

interface SpanParts {
  readonly span: OtelSpan;
  readonly beginChild: BeginChild;
  readonly budget: SpanBudget;
  readonly traceState: string | undefined;
  /** True: the first step of the request here. */
  readonly isFirst: boolean;
}

/** SpanStatusCode.ERROR: the package is loaded only where there is a collector. */
const ERROR = 2;

export class TracedSpan implements Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string | undefined;
  readonly #parts: SpanParts;
  #hasEnded = false;

  constructor(parts: SpanParts) {
    const { traceId, spanId } = parts.span.spanContext();
    this.traceId = traceId;
    this.spanId = spanId;
    this.traceState = parts.traceState;
    this.#parts = parts;
  }

  child(name: string, attributes: SpanAttributes = {}, kind?: "client"): Span {
    const { span: parent, beginChild, budget } = this.#parts;
    if (budget.left === 0) {
      budget.dropped += 1;
      return new UnrecordedSpan(this);
    }
    budget.left -= 1;
    return new TracedSpan({
      ...this.#parts,
      isFirst: false,
      span: beginChild(name, { attributes, kind }, parent),
    });
  }

  rename(name: string): void {
    if (!this.#hasEnded) this.#parts.span.updateName(name);
  }

  set(attributes: SpanAttributes): void {
    if (!this.#hasEnded) this.#parts.span.setAttributes({ ...attributes });
  }

  fail(error: unknown): void {
    if (this.#hasEnded) return;
    const { span } = this.#parts;
    const { type, message } = factsOf(error);
    span.setAttribute("error.type", type);
    span.setStatus({ code: ERROR, ...(message !== undefined && { message }) });
    if (message !== undefined)
      span.addEvent("exception", { "exception.type": type, "exception.message": message });
  }

  end(): void {
    if (this.#hasEnded) return;
    const { span, budget, isFirst } = this.#parts;
    this.#hasEnded = true;
    if (isFirst) {
      if (budget.dropped > 0) span.setAttribute("stowage.dropped_spans", budget.dropped);
      // What goes on when the request is over (a webhook that it woke, a job that it began) is no step of it.
      budget.left = 0;
    }
    span.end();
  }
}

/** A step too many: it leaves nothing, but for who asks which trace it is in. */
class UnrecordedSpan implements Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string | undefined;

  constructor({ traceId, spanId, traceState }: Span) {
    this.traceId = traceId;
    this.spanId = spanId;
    this.traceState = traceState;
  }

  child(): Span {
    return this;
  }

  rename(): void {}

  set(): void {}

  fail(): void {}

  end(): void {}
}

/** Without the stack, which is long, and whatever else hangs on an error, which may be secret. */
function factsOf(error: unknown): { readonly type: string; readonly message?: string } {
  if (typeof error === "string") return { type: error };
  if (!(error instanceof Error)) return { type: "_OTHER" };
  const type = "code" in error && typeof error.code === "string" ? error.code : error.name;
  return { type, message: error.message };
}

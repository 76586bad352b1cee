// Sends finished spans to a collector: OTLP over HTTP, in protobuf. OpenTelemetry's
// own exporter takes headers, certificates and more from whatever OTEL_ variables
// there are, and keeps a process that wants to end waiting; so only its format is used.
import { setTimeout as pause } from "node:timers/promises";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";

export interface OtlpTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** How long one delivery may take, with its repetitions, in milliseconds. */
  readonly timeoutMs: number;
}

export interface OtlpExporterOptions extends OtlpTarget {
  readonly encode: (spans: ReadableSpan[]) => Uint8Array | undefined;
  /** Told of each delivery that did not arrive: why, and how many spans it had. */
  readonly lost: (reason: string, spans: number) => void;
}

/** The second parameter of export: tells how it went. */
type Done = Parameters<SpanExporter["export"]>[1];

/** What the SDK's ExportResultCode calls success. What was lost was told already, and the SDK would tell it again. */
const TAKEN = { code: 0 } as const;

/** After which to try again; OTLP/HTTP Response, Retryable Response Codes. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 8000;

/** How an attempt ended. */
type Outcome = "taken" | { readonly reason: string; readonly mayRepeat: boolean; readonly waitMs?: number };

export class OtlpExporter implements SpanExporter {
  readonly #options: OtlpExporterOptions;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: OtlpExporterOptions) {
    this.#options = options;
  }

  export(spans: ReadableSpan[], done: Done): void {
    const delivery = this.#deliver(spans).finally(() => {
      this.#running.delete(delivery);
      done(TAKEN);
    });
    this.#running.add(delivery);
  }

  async forceFlush(): Promise<void> {
    await Promise.all(this.#running);
  }

  async shutdown(): Promise<void> {
    await this.forceFlush();
  }

  /** Ends what is under way, and whatever comes. */
  abort(): void {
    this.#closing.abort();
  }

  async #deliver(spans: ReadableSpan[]): Promise<void> {
    try {
      const body = this.#options.encode(spans);
      const reason = body === undefined ? "they cannot be encoded" : await this.#send(body);
      if (reason !== undefined) this.#options.lost(reason, spans.length);
    } catch (error) {
      this.#options.lost(reasonOf(error), spans.length);
    }
  }

  /** Undefined: it arrived; else why it did not. */
  async #send(body: Uint8Array): Promise<string | undefined> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(this.#options.timeoutMs)]);
    let waitMs = FIRST_WAIT_MS;
    for (;;) {
      const outcome = await this.#attempt(body, signal);
      if (outcome === "taken") return undefined;
      if (!outcome.mayRepeat) return outcome.reason;
      try {
        await pause(outcome.waitMs ?? waitMs * (0.5 + Math.random()), undefined, { signal });
      } catch {
        return outcome.reason;
      }
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    }
  }

  async #attempt(body: Uint8Array, signal: AbortSignal): Promise<Outcome> {
    const { url, headers } = this.#options;
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { ...headers, "content-type": "application/x-protobuf" },
        body: Buffer.from(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength),
        redirect: "manual", // the headers are for this one only
        signal,
      });
      await response.body?.cancel();
      if (response.ok) return "taken";
      const waitMs = secondsOf(response.headers.get("retry-after"));
      return {
        reason: `the collector answers ${response.status}`,
        mayRepeat: RETRYABLE.has(response.status),
        ...(waitMs !== undefined && { waitMs }),
      };
    } catch (error) {
      return { reason: reasonOf(error), mayRepeat: !signal.aborted };
    }
  }
}

/** In milliseconds; dates are not looked at. */
function secondsOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,5}$/.test(header) ? Number(header) * 1000 : undefined;
}

/** A network's reason stands behind "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return reasonOf(cause);
  if ("code" in error && typeof error.code === "string") return error.code;
  return error.name === "TimeoutError" ? "the collector does not answer in time" : error.message;
}

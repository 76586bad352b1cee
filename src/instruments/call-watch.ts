// Watches calls of the services, over the network or from a gateway in this process:
// notes for their request who asks for what, and tells whoever counts.
import type { DescMethod } from "@bufbuild/protobuf";
import type { Code, HandlerContext } from "@connectrpc/connect";
import type { CallObservation, CallObserver } from "../rpc/call-observer.ts";
import { visitOf } from "../rpc/visit.ts";
import type { RequestNotes, Scope, Scopes, Span } from "../telemetry/scope.ts";
import { codeName, noteFailure } from "./call-failure.ts";
import { noted } from "./noted.ts";

/** Counts the calls of one method. None of this may throw. */
export interface MethodSink {
  readonly begun?: () => void;
  /** Code undefined: it went well. Otherwise the error is what its caller gets. */
  readonly ended: (code: Code | undefined, durationMs: number, error?: unknown) => void;
}

/** What counts the calls of a method; asked once for each. */
export type CallSink = (method: DescMethod) => MethodSink;

export interface CallWatchOptions {
  readonly scopes: Scopes;
  readonly sinks: readonly CallSink[];
}

export class CallWatch implements CallObserver {
  readonly #options: CallWatchOptions;

  constructor(options: CallWatchOptions) {
    this.#options = options;
  }

  observe(method: DescMethod): (context: HandlerContext, request: unknown) => CallObservation | undefined {
    const { scopes, sinks } = this.#options;
    const name = `${method.parent.typeName}/${method.name}`;
    const methodSinks = sinks.map((sink) => sink(method));
    return (context, request) => {
      const scope = scopes.current;
      if (scope !== undefined) note(scope.notes, name, context, request);
      const span = scope?.span?.child(name, attributesOf(method, context));
      // Of calls on behalf of the Docker API its own answer tells how they went.
      const notes = scope?.notes.handler === undefined ? scope?.notes : undefined;
      if (span === undefined && methodSinks.length === 0 && notes === undefined) return undefined;
      for (const { begun } of methodSinks) begun?.();
      return new WatchedCall({ scopes, scope, notes, span, sinks: methodSinks });
    };
  }
}

interface CallParts {
  readonly scopes: Scopes;
  readonly scope: Scope | undefined;
  /** Where it is noted how the call failed. Undefined: nowhere. */
  readonly notes: RequestNotes | undefined;
  readonly span: Span | undefined;
  readonly sinks: readonly MethodSink[];
}

class WatchedCall implements CallObservation {
  readonly #parts: CallParts;
  readonly #begin = performance.now();

  constructor(parts: CallParts) {
    this.#parts = parts;
  }

  within<T>(work: () => T): T {
    const { scopes, scope, span } = this.#parts;
    return span === undefined || scope === undefined
      ? work()
      : scopes.run({ notes: scope.notes, span }, work);
  }

  ended(code: Code | undefined, error?: unknown): void {
    const { span, sinks, notes } = this.#parts;
    if (code !== undefined && notes !== undefined) notes.code = codeName(code);
    const durationMs = performance.now() - this.#begin;
    for (const { ended } of sinks) ended(code, durationMs, error);
    if (span === undefined) return;
    if (code !== undefined) noteFailure(span, code, error);
    span.end();
  }
}

function note(notes: RequestNotes, name: string, context: HandlerContext, request: unknown): void {
  notes.rpc ??= name;
  const visit = visitOf(context);
  if (visit !== undefined) notes.who ??= () => visit.principal?.actor;
  if (notes.handler !== undefined || typeof request !== "object" || request === null) return;
  if ("repository" in request && isText(request.repository)) notes.repository = noted(request.repository);
  if ("digest" in request && isText(request.digest)) notes.digest = noted(request.digest);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function attributesOf(method: DescMethod, { protocolName }: HandlerContext) {
  return {
    "rpc.system": protocolName === "grpc" || protocolName === "grpc-web" ? "grpc" : "connect_rpc",
    "rpc.service": method.parent.typeName,
    "rpc.method": method.name,
  };
}

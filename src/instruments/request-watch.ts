// Watches requests from their first moment to their last: gives each its scope, and
// tells whoever counts or writes down what became of it. One for each server.
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Destination, GatewayObserver } from "../../gateway/observer.ts";
import type { RequestFacts } from "../rpc/visit.ts";
import { clientOf } from "../server/caller.ts";
import type { RequestObserver } from "../server/observer.ts";
import { requestIdOf } from "../server/request-id.ts";
import { newNotes, type RequestNotes, type Scopes, type Span } from "../telemetry/scope.ts";
import { noted } from "./noted.ts";

export type WatchedRequest = IncomingMessage | Http2ServerRequest;
export type WatchedResponse = ServerResponse | Http2ServerResponse;

/** A request that has begun. */
export interface Exchange {
  readonly request: WatchedRequest;
  readonly response: WatchedResponse;
  /** The request's target as it was asked for. */
  readonly url: string;
  /** Who asks. Found when the request begins: of an HTTP/2 connection that breaks nothing can be told later. */
  readonly caller: RequestFacts;
  readonly notes: RequestNotes;
}

/** What became of it. */
export interface Ending {
  /** The answer's; 499 where the client left before there was one. */
  readonly status: number;
  /** From the request's head to the end of the answer, in milliseconds. */
  readonly durationMs: number;
  /** False: the client left, or was cut off, before the answer was whole. */
  readonly isWhole: boolean;
}

/** None of this may throw; all of it is on the way of every request. */
export interface RequestSink {
  readonly begun?: (exchange: Exchange) => void;
  /** It leads to an endpoint of the Docker API, which the notes name. */
  readonly routed?: (exchange: Exchange) => void;
  readonly ended: (exchange: Exchange, ending: Ending) => void;
}

/** Begins the trace of a request, or goes on with its client's. */
export interface RequestTracer {
  /** Undefined: it is not traced. */
  readonly begin: (exchange: Exchange) => Span | undefined;
  /** Called before the span ends. */
  readonly finish: (span: Span, exchange: Exchange, ending: Ending) => void;
}

/** A client that left without an answer has no status; this is what others write then. */
const CLIENT_CLOSED_REQUEST = 499;

const EXCHANGE = Symbol("exchange");

export interface RequestWatchOptions {
  readonly scopes: Scopes;
  readonly sinks: readonly RequestSink[];
  readonly tracer?: RequestTracer | undefined;
}

export class RequestWatch implements RequestObserver, GatewayObserver {
  readonly #options: RequestWatchOptions;

  constructor(options: RequestWatchOptions) {
    this.#options = options;
  }

  observe(request: WatchedRequest, response: WatchedResponse, proceed: () => void): void {
    const { scopes, sinks, tracer } = this.#options;
    const begin = performance.now();
    const notes = newNotes(requestIdOf(request));
    const exchange: Exchange = {
      request,
      response,
      url: request.url ?? "",
      caller: clientOf(request),
      notes,
    };
    Reflect.set(request, EXCHANGE, exchange);
    const span = tracer?.begin(exchange);
    if (span !== undefined) notes.traceId = span.traceId;
    for (const { begun } of sinks) begun?.(exchange);
    response.on("close", () => {
      if (notes.isOver === true) return;
      const ending = endingOf(response, begin);
      notes.isOver = true;
      for (const { ended } of sinks) ended(exchange, ending);
      if (span === undefined) return;
      tracer?.finish(span, exchange, ending);
      span.end();
    });
    scopes.run(span === undefined ? { notes } : { notes, span }, proceed);
  }

  routed(request: WatchedRequest, { handler, repository, argument }: Destination): void {
    const exchange = exchangeOf(request);
    if (exchange === undefined) return;
    const { notes } = exchange;
    notes.handler = handler;
    if (repository !== "") notes.repository = noted(repository);
    if (argument !== "") notes.reference = noted(argument);
    for (const { routed } of this.#options.sinks) routed?.(exchange);
  }

  answered(request: WatchedRequest, headers: OutgoingHttpHeaders): void {
    const notes = exchangeOf(request)?.notes;
    if (notes === undefined) return;
    const length = headers["Content-Length"];
    if (length !== undefined) notes.responseBytes = request.method === "HEAD" ? 0 : Number(length);
    const digest = headers["Docker-Content-Digest"];
    if (typeof digest === "string") notes.digest = digest;
  }
}

function exchangeOf(request: WatchedRequest): Exchange | undefined {
  const found: unknown = Reflect.get(request, EXCHANGE);
  return found as Exchange | undefined; // nothing else is kept there
}

function endingOf(response: WatchedResponse, begin: number): Ending {
  return {
    status: response.headersSent ? response.statusCode : CLIENT_CLOSED_REQUEST,
    durationMs: performance.now() - begin,
    // Over HTTP/2 a stream that is reset counts as finished, whether or not somebody ended it.
    isWhole: response.writableEnded && response.writableFinished,
  };
}

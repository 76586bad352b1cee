// Which room answers a request: the gateway, an RPC, or nobody.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { ambiguityOf } from "./ambiguity.ts";
import type { Connections } from "./connections.ts";
import type { AnswerCors } from "./cors.ts";
import { type HttpError, type ServerAnswer, type ServerRequest, sendError } from "./json-error.ts";
import type { RequestObserver } from "./observer.ts";
import { withoutPrefix } from "./prefix.ts";
import { REQUEST_ID_HEADER, requestIdOf } from "./request-id.ts";
import type { RpcHandler } from "./rpc-handler.ts";

export type Request = IncomingMessage | Http2ServerRequest;
export type Response = ServerResponse | Http2ServerResponse;

/** Answers requests whose target `handles` knows. */
export interface Gateway {
  readonly handles: (url: string) => boolean;
  readonly listener: (request: ServerRequest, response: ServerAnswer) => void;
}

export interface DispatchOptions {
  readonly gateway: Gateway | undefined;
  readonly rpc: RpcHandler | undefined;
  readonly connections: Connections;
  /** In front of the gateway's paths; RPCs are found with it and without. */
  readonly prefix: string;
  readonly answerCors: AnswerCors;
  /** Absent: nobody watches. */
  readonly observer?: RequestObserver | undefined;
}

const STOPPING: HttpError = {
  status: 503,
  code: "UNAVAILABLE",
  message: "the registry is stopping",
};

const NO_HOST: HttpError = { status: 400, code: "REQUEST_INVALID", message: "the Host header is missing" };

export function createDispatcher(options: DispatchOptions) {
  const { connections, answerCors, observer } = options;
  const answer = (request: Request, response: Response): void => {
    if (!("stream" in response)) connections.addAnswer(response);
    const refusal = "stream" in request ? undefined : refusalOf(request);
    if (request.method === "OPTIONS") named(request, response); // A browser's question is answered next.
    if (refusal !== undefined) sendError(request, named(request, response), refusal);
    else if (answerCors(request, response)) return;
    else if (connections.draining) sendError(request, named(request, response), stopping(request));
    else dispatch(options, request, response);
  };
  return watched(answer, observer);
}

type Answer = (request: Request, response: Response) => void;

/** Makes what answers every request with an error, and is watched like all else. */
export function createRefuser(observer: RequestObserver | undefined): (error: HttpError) => Answer {
  return (error) =>
    watched((request, response) => sendError(request, named(request, response), error), observer);
}

function watched(answer: Answer, observer: RequestObserver | undefined): Answer {
  if (observer === undefined) return answer;
  return (request, response) => observer.observe(request, response, () => answer(request, response));
}

function dispatch({ gateway, rpc, prefix }: DispatchOptions, request: Request, response: Response): void {
  const asked = request.url ?? "";
  const below = withoutPrefix(asked, prefix);
  const url = below ?? asked;
  if (url !== asked) request.url = url;
  if (below !== undefined && gateway?.handles(url) === true) {
    gateway.listener(request, response); // writes the request's id with its own headers, which costs less
    return;
  }
  named(request, response);
  if (rpc?.(pathOf(url), request, response) === true) return;
  else if (isProbe(request)) answerProbe(response);
  else sendError(request, response, unknownPath(asked));
}

/** The answer tells what the request is called. */
function named(request: Request, response: Response): Response {
  response.setHeader(REQUEST_ID_HEADER, requestIdOf(request));
  return response;
}

/** What HTTP/1.1 lets a client write and nobody should act on; the connection ends with it. */
function refusalOf(request: IncomingMessage): HttpError | undefined {
  const isHostless = request.httpVersion === "1.1" && request.headers.host === undefined;
  const error = isHostless ? NO_HOST : ambiguityOf(request);
  return error && { ...error, headers: { Connection: "close" } };
}

function stopping(request: Request): HttpError {
  const headers = { "Retry-After": "1", ...(!("stream" in request) && { Connection: "close" }) };
  return { ...STOPPING, headers };
}

/** Load balancers and Kubernetes ask for "/" to see whether anybody is there; Docker's registry answers so too. */
function isProbe({ method, url }: Request): boolean {
  return pathOf(url ?? "") === "/" && (method === "GET" || method === "HEAD");
}

function answerProbe(response: ServerAnswer): void {
  response.writeHead(200, { "Content-Length": 0, "Cache-Control": "no-cache" });
  response.end();
}

function pathOf(url: string): string {
  const question = url.indexOf("?");
  return question < 0 ? url : url.slice(0, question);
}

function unknownPath(url: string): HttpError {
  const message = `there is nothing at "${pathOf(url).slice(0, 200)}"`;
  return { status: 404, code: "UNSUPPORTED", message };
}

// Serves the RPCs over gRPC, gRPC-Web and Connect. connect-node has an adapter of
// its own; this one differs where a server in the open must: a malformed request
// is refused instead of thrown, a client that leaves is not written to the console,
// and what Connect refuses without a body gets one.

import { type IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import {
  ConnectError,
  type ConnectRouter,
  type ConnectRouterOptions,
  createConnectRouter,
} from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerResponse } from "@connectrpc/connect/protocol";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { requestValues } from "../rpc/visit.ts";
import { callerOf } from "./caller.ts";
import { dropDistantDeadline } from "./distant-deadlines.ts";
import { bodyOf, dropRestOfRequest, dropRestOfStream } from "./drop-rest.ts";
import { type HttpError, sendError } from "./json-error.ts";
import { MAX_REQUEST_MESSAGE, MAX_RESPONSE_MESSAGE } from "./limits.ts";
import { blameClient } from "./malformed-calls.ts";

/** Mounts services; signal aborts when the server begins to drain, for streams that never end by themselves. */
export type Routes = (router: ConnectRouter, shutdownSignal: AbortSignal) => void;

export interface RpcHandlerOptions {
  readonly routes: Routes;
  readonly shutdownSignal: AbortSignal;
  /** Told of failures that are neither a client's nor an answer. */
  readonly report: (error: unknown, message: string) => void;
}

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

/** Serves the request and returns true, or returns false when no RPC has this path. */
export type RpcHandler = (path: string, request: Request, response: Response) => boolean;

const ROUTER_OPTIONS: ConnectRouterOptions = {
  // Compressed requests are understood. Answers are sent as they are: layers and
  // manifests are compressed already or small, and compressing costs ten times the sending.
  acceptCompression: [compressionGzip, compressionBrotli],
  compressMinBytes: Number.MAX_SAFE_INTEGER,
  readMaxBytes: MAX_REQUEST_MESSAGE,
  writeMaxBytes: MAX_RESPONSE_MESSAGE,
  // A misspelt filter that is ignored chooses everything: better say so.
  jsonOptions: { ignoreUnknownFields: false },
};

export function createRpcHandler({ routes, shutdownSignal, report }: RpcHandlerOptions): RpcHandler {
  const router = createConnectRouter(ROUTER_OPTIONS);
  routes(router, shutdownSignal);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return (path, request, response) => {
    const handler = handlers.get(path);
    if (handler === undefined) return false;
    serve(handler, request, response).catch((error: unknown) => {
      if (isGone(request)) return;
      report(error, "an RPC could not be answered");
      response.destroy();
    });
    return true;
  };
}

async function serve(handler: UniversalHandler, request: Request, response: Response): Promise<void> {
  if (request.headers.expect !== undefined && request.httpVersion !== "1.0") response.writeContinue();
  let received: ReturnType<typeof universalRequestFromNodeRequest>;
  try {
    received = universalRequestFromNodeRequest(
      request,
      response,
      undefined,
      requestValues(callerOf(request)),
    );
  } catch (error) {
    sendError(request, response, badTarget(error));
    return;
  }
  dropDistantDeadline(received.header);
  if ("stream" in request) dropRestOfStream(request.stream);
  else if (response instanceof ServerResponse) dropRestOfRequest(request, response);
  const body = "stream" in request ? received.body : bodyOf(request);
  const answer = await blameClient(received.url, await handler({ ...received, body }));
  if (answer.body === undefined && answer.status >= 400)
    sendError(request, response, refusal(handler, answer));
  else await universalResponseToNodeResponse(answer, response);
}

function badTarget(cause: unknown): HttpError {
  const message = `the host or path is malformed: ${ConnectError.from(cause).rawMessage}`;
  return { status: 400, code: "REQUEST_INVALID", message };
}

const REFUSALS: Readonly<Record<number, string>> = {
  405: "the method is not allowed for this RPC",
  415: "the content type is none of Connect, gRPC or gRPC-Web for this RPC",
  505: "this RPC needs HTTP/2",
};

function refusal(
  { allowedMethods }: UniversalHandler,
  { status, header }: UniversalServerResponse,
): HttpError {
  const headers = {
    ...Object.fromEntries(new Headers(header)),
    ...(status === 405 && { Allow: allowedMethods.join(", ") }),
  };
  return { status, code: "UNSUPPORTED", message: REFUSALS[status] ?? "the request is refused", headers };
}

function isGone(request: Request): boolean {
  return "stream" in request ? request.stream.destroyed : request.socket.destroyed;
}

// Sends an answer: all headers at once, then the body if there is one. An answer
// given before the request's body was read leaves the connection in order.
import type { ServerHttp2Stream } from "node:http2";
import type { Exchange } from "./exchange.ts";
import { contentLength, type HttpRequest, hasBody, type ResponseHeaders } from "./http-messages.ts";

export const JSON_TYPE = "application/json";

/** The longest rest of a body that is read and dropped so that the connection can be used again, in bytes. */
const SMALL_REST = 256 * 1024;

/** Who sent nothing for too long will not send the rest soon. */
const REQUEST_TIMEOUT = 408;

/** How long a client that has its answer may go on sending before the connection is closed, in milliseconds. */
const LINGER_MS = 5000;

/** Ends the exchange. A body given as text or bytes needs its Content-Length among the headers. */
export function answer(
  exchange: Exchange,
  status: number,
  headers: ResponseHeaders,
  body?: string | Uint8Array,
): void {
  const { request, response, method } = exchange;
  if (method !== "GET" && method !== "HEAD" && isUnread(request)) {
    answerEarly(exchange, status, headers, body);
    return;
  }
  writeHead(exchange, status, headers);
  response.end(method === "HEAD" ? undefined : body);
}

/** Begins an answer whose body follows: status and all headers at once. */
export function writeHead(exchange: Exchange, status: number, headers: ResponseHeaders): void {
  const { request, response, requestId, observer } = exchange;
  headers["Docker-Distribution-API-Version"] = "registry/2.0";
  if (requestId !== undefined) headers["X-Request-Id"] = requestId(request);
  observer?.answered(request, headers);
  response.writeHead(status, headers);
}

/** Answers 200 with a JSON document. */
export function answerJson(
  exchange: Exchange,
  value: unknown,
  headers: ResponseHeaders = {},
  mediaType = JSON_TYPE,
): void {
  const body = JSON.stringify(value);
  headers["Content-Type"] = mediaType;
  headers["Content-Length"] = Buffer.byteLength(body);
  answer(exchange, 200, headers, body);
}

function isUnread(request: HttpRequest): boolean {
  return !request.complete && hasBody(request);
}

/** Answers while the client is still sending. */
function answerEarly(
  exchange: Exchange,
  status: number,
  headers: ResponseHeaders,
  body: string | Uint8Array | undefined,
): void {
  const { request, response } = exchange;
  if ("stream" in request) {
    writeHead(exchange, status, headers);
    response.end(body);
    dropStream(request.stream);
    return;
  }
  const rest = contentLength(request) ?? Number.POSITIVE_INFINITY;
  if (rest <= SMALL_REST && status !== REQUEST_TIMEOUT) {
    writeHead(exchange, status, headers);
    response.end(body);
    request.resume(); // The rest is dropped, and the connection goes on to the next request.
    return;
  }
  headers.Connection = "close";
  writeHead(exchange, status, headers);
  response.write(body ?? "");
  lingerThenEnd(exchange);
}

/** A stream is not a connection: it is dropped for a while, then the client is asked to stop. RFC 9113, 8.1. */
function dropStream(stream: ServerHttp2Stream): void {
  const timer = setTimeout(() => stream.close(), LINGER_MS);
  stream.once("close", () => clearTimeout(timer));
  // Node's own listener fills the request that nobody reads, and pauses the stream again; so it would stay for ever.
  stream.removeAllListeners("data");
  stream.resume();
}

/**
 * Closing with bytes unread makes the kernel reset the connection, and a client
 * that is still sending may never see the answer. So its bytes are dropped until
 * it stops, and only then the connection is closed. RFC 9112, 9.6.
 */
function lingerThenEnd({ request, response }: Exchange): void {
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  request.once("end", end).once("close", end).once("error", end);
  request.resume();
}

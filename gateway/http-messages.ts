// The two kinds of request and response a gateway meets, HTTP/1.1 and HTTP/2
// (Node's compatibility API), seen as one.
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { Writable } from "node:stream";

export type HttpRequest = IncomingMessage | Http2ServerRequest;

/** What ServerResponse and Http2ServerResponse have in common. */
export interface HttpResponse extends Writable {
  readonly headersSent: boolean;
  writeHead(status: number, headers: OutgoingHttpHeaders): unknown;
  writeContinue(): unknown;
  /** Calls back when the connection was still for so long; bytes that leave slowly are not stillness. */
  setTimeout(milliseconds: number, callback: () => void): unknown;
}

export type ResponseHeaders = OutgoingHttpHeaders;

/** True when the client announced a body, be it an empty one of unknown length. */
export function hasBody(request: HttpRequest): boolean {
  const length = request.headers["content-length"];
  if (length !== undefined) return length !== "0";
  if ("stream" in request) return !request.stream.endAfterHeaders;
  return request.headers["transfer-encoding"] !== undefined;
}

/** True when the client sends its body only when it is asked to. RFC 9110, 10.1.1. */
export function waitsToSend({ headers, httpVersion }: HttpRequest): boolean {
  return headers.expect !== undefined && httpVersion !== "1.0";
}

/** The body's announced length in bytes. Undefined: it will end when it ends. */
export function contentLength(request: HttpRequest): number | undefined {
  const length = request.headers["content-length"];
  return length === undefined ? undefined : Number(length);
}

/** True when the connection, or the HTTP/2 stream, of this exchange is closed. */
export function isClosed(request: HttpRequest, response: HttpResponse): boolean {
  return "stream" in request ? request.stream.destroyed : response.destroyed;
}

/** True when the client left before its request was whole. */
export function isAborted(request: HttpRequest): boolean {
  return "stream" in request ? request.stream.destroyed : request.destroyed && !request.readableEnded;
}

/** Breaks off an exchange whose headers went out already, so that the client sees that it is not whole. */
export function breakOff(request: HttpRequest, response: HttpResponse): void {
  if ("stream" in request) request.stream.destroy();
  else response.destroy();
}

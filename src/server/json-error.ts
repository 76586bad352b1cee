// The server's own refusals, in the form registry clients know: OCI's error JSON,
// never an HTML or text page. distribution-spec, Error Codes.
import { type IncomingMessage, type OutgoingHttpHeaders, STATUS_CODES } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { Writable } from "node:stream";
import type { ErrorCode } from "../oci/errors.ts";

export type ServerRequest = IncomingMessage | Http2ServerRequest;

/** What ServerResponse and Http2ServerResponse have in common. */
export interface ServerAnswer extends Writable {
  readonly headersSent: boolean;
  setHeader(name: string, value: number | string | readonly string[]): unknown;
  setTimeout(milliseconds: number, callback: () => void): unknown;
  writeHead(status: number, headers?: OutgoingHttpHeaders): unknown;
  writeContinue(): unknown;
}

export interface HttpError {
  readonly status: number;
  readonly code: ErrorCode;
  /** For people. */
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers a request; nothing of its body will be read. */
export function sendError(request: ServerRequest, response: ServerAnswer, error: HttpError): void {
  const body = bodyOf(error);
  response.writeHead(error.status, { ...headersOf(body), ...error.headers });
  response.end(request.method === "HEAD" ? undefined : body);
}

/** A whole HTTP/1.1 answer for a socket on which no request could be made out; the connection ends with it. */
export function rawError(error: HttpError): string {
  const body = bodyOf(error);
  const headers = { ...headersOf(body), ...error.headers, Connection: "close" };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? "Error"}\r\n${lines.join("")}\r\n${body}`;
}

function bodyOf({ code, message }: HttpError): string {
  return JSON.stringify({ errors: [{ code, message }] });
}

function headersOf(body: string) {
  return { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
}

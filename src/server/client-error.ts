// What arrives on an HTTP/1.1 connection and is no request, or none we take: answered
// in JSON, and the connection closed.
import type { Server as Http1Server, ServerResponse } from "node:http";
import type { Http2Server } from "node:http2";
import type { Duplex } from "node:stream";
import type { createRefuser } from "./dispatch.ts";
import type { HttpError } from "./json-error.ts";
import { refuseConnection } from "./refuse-connection.ts";

const ERRORS: Readonly<Record<string, HttpError>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    code: "REQUEST_INVALID",
    message: "the request's headers are too long",
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    code: "REQUEST_INVALID",
    message: "the chunk extensions are too long",
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    code: "REQUEST_TIMEOUT",
    message: "the request's headers did not arrive in time",
  },
};

const NOT_HTTP: HttpError = { status: 400, code: "REQUEST_INVALID", message: "this is not an HTTP request" };

const TUNNEL: HttpError = { status: 405, code: "UNSUPPORTED", message: "this is not a proxy" };

const EXPECTATION: HttpError = {
  status: 417,
  code: "UNSUPPORTED",
  message: "the only expectation that can be met is 100-continue",
};

/** Tells of the request that a connection is busy with. */
export type CurrentAnswer = (socket: Duplex) => ServerResponse | undefined;

export interface ClientErrorParts {
  readonly current: CurrentAnswer;
  readonly refuser: ReturnType<typeof createRefuser>;
}

/** Takes over what Node would answer with a text page, an empty answer, or a closed connection. */
export function answerClientErrors(
  http1: Http1Server,
  http2: Http2Server,
  { current, refuser }: ClientErrorParts,
): void {
  const answered = new WeakSet<Duplex>();
  const answer = (socket: Duplex, error: HttpError) => {
    if (answered.has(socket)) return; // What comes after is no request either.
    answered.add(socket);
    refuseConnection(socket, error);
  };
  http1.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const isAnswering = current(socket)?.headersSent === true && current(socket)?.writableFinished === false;
    // In the middle of an answer, another one would be taken for its bytes.
    if (error.code === "ECONNRESET" || isAnswering) socket.destroy();
    else if (socket.writable || answered.has(socket)) answer(socket, ERRORS[error.code ?? ""] ?? NOT_HTTP);
    else socket.destroy();
  });
  http1.on("connect", (_request, socket) => answer(socket, TUNNEL));
  http1.on("checkExpectation", refuser(EXPECTATION));
  http2.on("checkExpectation", refuser(EXPECTATION));
  http2.on("connect", refuser(TUNNEL));
}

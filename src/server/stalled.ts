// Ends what no longer moves: clients that stand still in the middle of a transfer,
// and HTTP/2 connections whose peer is gone or has had nothing to ask for long.
// A stream that is silent because we have nothing to say is left alone.
import type { Server as Http1Server, IncomingMessage, ServerResponse } from "node:http";
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import type { ServerLimits } from "./limits.ts";

/** The gateway ends a stalled transfer itself, with an answer; here is only the last resort, so it comes later. */
function lastResortMs({ progressTimeoutMs }: ServerLimits): number {
  return progressTimeoutMs * 1.25;
}

/** Cuts HTTP/1.1 connections whose client stands still. */
export function endStalledRequests(
  http1: Http1Server,
  limits: ServerLimits,
  current: (socket: Duplex) => ServerResponse | undefined,
): void {
  http1.setTimeout(lastResortMs(limits), (socket) => {
    const answer = current(socket);
    const isIdle = answer === undefined || answer.writableFinished;
    if (isIdle || waitsForClient(answer.req, socket)) socket.destroy();
  });
}

/** True when the next byte, in or out, is the client's to move. */
function waitsForClient(request: IncomingMessage, socket: Duplex): boolean {
  return !request.complete || socket.writableLength > 0;
}

/** Pings the client while it has something open, and closes the connection when it has not for long. */
export function watchSession(session: ServerHttp2Session, limits: ServerLimits): void {
  let openStreams = 0;
  let idleSince = performance.now();
  let isAnswered = true;
  session.on("stream", (stream) => {
    openStreams += 1;
    endStalledStream(stream, limits);
    stream.once("close", () => {
      openStreams -= 1;
      idleSince = performance.now();
    });
  });
  const check = () => {
    const isIdle = openStreams === 0 && performance.now() - idleSince >= limits.idleTimeoutMs;
    // Closing waits for what a client has begun and we were never told of, such as half a request's head.
    if (openStreams === 0 && session.closed) session.destroy();
    else if (isIdle) session.close();
    else if (!isAnswered) session.destroy();
    else
      isAnswered = !session.ping(() => {
        isAnswered = true;
      });
  };
  const timer = setInterval(check, Math.min(limits.pingIntervalMs, limits.idleTimeoutMs)).unref();
  session.once("close", () => clearInterval(timer));
}

function endStalledStream(stream: ServerHttp2Stream, limits: ServerLimits): void {
  stream.setTimeout(lastResortMs(limits), () => {
    if (!stream.readableEnded || stream.writableLength > 0) stream.close(constants.NGHTTP2_CANCEL);
  });
}

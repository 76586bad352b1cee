// What nobody has read when the answer is complete is dropped, and a client that goes
// on sending for long is stopped: it would keep its stream or its connection busy.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";

/** How long a caller that has its answer may go on sending, in milliseconds. */
const LINGER_MS = 5000;

/**
 * An unread HTTP/2 stream stays open, and with it the connection, even that of a client which is gone. A client that
 * goes on sending is asked to stop. RFC 9113, 8.1.
 */
export function dropRestOfStream(stream: ServerHttp2Stream): void {
  stream.once("finish", () => {
    const timer = setTimeout(() => stream.close(), LINGER_MS);
    stream.once("close", () => clearTimeout(timer));
    stream.removeAllListeners("data"); // Node's own would pause the stream again
    stream.resume();
  });
}

/** Over HTTP/1.1 the rest stands in front of the connection's next request. Node drops it only if none of it was read. */
export function dropRestOfRequest(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  response.once("finish", () => {
    if (request.complete) return;
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    request.once("close", () => clearTimeout(timer));
    request.removeAllListeners("readable").on("data", drop); // also where somebody waits for more
  });
}

function drop(): void {}

/** The body of an HTTP/1.1 request. Who stops reading leaves the rest; Node's own iterator would leave the connection stuck. */
export function bodyOf(request: IncomingMessage): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) };
}

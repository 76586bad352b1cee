// The end of a connection that has gone wrong: an answer that the client can read.
import type { Duplex } from "node:stream";
import { type HttpError, rawError } from "./json-error.ts";

/** How long the rest of what the client sends is dropped so that it can read the answer, in milliseconds. */
const LINGER_MS = 1000;

const EMPTY_SETTINGS = [0, 0, 0, 4, 0, 0, 0, 0, 0];
const INADEQUATE_SECURITY = 0x0c;
const GOAWAY = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, INADEQUATE_SECURITY];

/** What an HTTP/2 client understands. RFC 9113, 6.5, 6.8 and 7. */
export const HTTP2_NEEDS_TLS = Buffer.from([...EMPTY_SETTINGS, ...GOAWAY]);

/** Answers in HTTP/1.1 and closes. */
export function refuseConnection(socket: Duplex, error: HttpError): void {
  endWith(socket, rawError(error));
}

/**
 * Sends the last bytes and closes when the client has. Closing with bytes unread makes the kernel reset the
 * connection, and the client may never see the answer. RFC 9112, 9.6.
 */
export function endWith(socket: Duplex, bytes: string | Buffer): void {
  socket.end(bytes);
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.on("error", () => undefined).on("close", () => clearTimeout(timer));
  socket.resume();
}

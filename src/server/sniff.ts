// What a connection speaks, by its first bytes: HTTP/1.1, HTTP/2 (RFC 9113, 3.4) or
// TLS (RFC 8446, 5.1).
import type { Socket } from "node:net";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** A record of the handshake. */
const TLS_HANDSHAKE = 0x16;

export type Protocol = "http1" | "http2" | "tls";

/** Undefined while it can still be either. */
export function protocolOf(start: Buffer): Protocol | undefined {
  if (start.length === 0) return undefined;
  if (start[0] === TLS_HANDSHAKE) return "tls";
  const compared = Math.min(start.length, PREFACE.length);
  if (start.compare(PREFACE, 0, compared, 0, compared) !== 0) return "http1";
  return compared < PREFACE.length ? undefined : "http2";
}

export interface Watch {
  /** Shown all that has come, more with each call. Says how many bytes it keeps; undefined: it must see more. */
  readonly look: (start: Buffer) => number | undefined;
  /** Called when the rest is back in the socket, which nobody reads any more. */
  readonly seen: () => void;
  /** The client has ended its side before enough had come; `start` is what did. */
  readonly ended: (start: Buffer) => void;
}

/** Looks at the beginning of what comes, and puts back what is not kept. Returns how to stop that. */
export function watchStart(socket: Socket, { look, seen, ended }: Watch): () => void {
  let held: Buffer = Buffer.alloc(0);
  const stop = () => void socket.off("readable", peek).off("end", end);
  const end = () => ended(held);
  function peek(): void {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const kept = look(held);
    if (kept === undefined) return;
    stop();
    if (kept < held.length) socket.unshift(held.subarray(kept));
    seen();
  }
  socket.on("readable", peek).on("end", end);
  return stop;
}

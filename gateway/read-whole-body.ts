// Reads a small body whole, and gives up as soon as it is too large.
import type { Exchange } from "./exchange.ts";
import { contentLength } from "./http-messages.ts";
import { openBody } from "./read-body.ts";

/** The most bytes, and what is thrown at more. */
export interface BodyLimit {
  readonly limit: number;
  readonly tooLarge: () => Error;
}

/** The body's bytes. Throws REQUEST_TIMEOUT or ClientGone too. */
export async function readWholeBody(
  exchange: Exchange,
  { limit, tooLarge }: BodyLimit,
): Promise<Buffer<ArrayBuffer>> {
  if ((contentLength(exchange.request) ?? 0) > limit) throw tooLarge();
  const body = openBody(exchange);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > limit) throw tooLarge();
      chunks.push(chunk);
    }
  } finally {
    body.release();
  }
  return Buffer.concat(chunks, size);
}

// Moves a blob's bytes from the registry to the client: whole, one part, or
// several parts. Headers go out when the first message shows that the blob is there.
import type { ReadBlobResponse } from "../src/gen/stowage/v1/blob_service_pb.ts";
import type { Descriptor } from "../src/gen/stowage/v1/descriptor_pb.ts";
import { writeHead } from "./answer.ts";
import { type BytePart, partSize } from "./byte-ranges.ts";
import { withClientSignal } from "./client-signal.ts";
import type { Exchange } from "./exchange.ts";
import type { ResponseHeaders } from "./http-messages.ts";
import { multipartOf } from "./multipart.ts";
import { ResponseBody } from "./write-body.ts";

/** Answers 200 with all bytes. */
export function sendWhole(
  exchange: Exchange,
  headersOf: (descriptor: Descriptor) => ResponseHeaders,
): Promise<void> {
  return withClientSignal(exchange.response, async (signal) => {
    const blob = new BlobReader(exchange, undefined, signal);
    const descriptor = await blob.descriptor();
    writeHead(exchange, 200, headersOf(descriptor));
    await withBody(exchange, async (body) => {
      if (descriptor.size === 0n) await body.end("");
      else await copy(blob, body, { size: Number(descriptor.size), isLast: true });
    });
  });
}

/** Answers 206 with one part of a blob of so many bytes. */
export function sendPart(
  exchange: Exchange,
  headers: ResponseHeaders,
  { part, size }: { readonly part: BytePart; readonly size: number },
): Promise<void> {
  headers["Content-Range"] = `bytes ${part.first}-${part.last}/${size}`;
  headers["Content-Length"] = partSize(part);
  return withClientSignal(exchange.response, async (signal) => {
    const blob = new BlobReader(exchange, part, signal);
    await blob.descriptor();
    writeHead(exchange, 206, headers);
    await withBody(exchange, (body) => copy(blob, body, { size: partSize(part), isLast: true }));
  });
}

/** Answers 206 with several parts, each under its own headers. RFC 9110, 14.6. */
export function sendParts(
  exchange: Exchange,
  headers: ResponseHeaders,
  { parts, size }: { readonly parts: readonly BytePart[]; readonly size: number },
): Promise<void> {
  const multipart = multipartOf(exchange.argument, parts, size);
  headers["Content-Type"] = multipart.mediaType;
  headers["Content-Length"] = multipart.length;
  writeHead(exchange, 206, headers);
  return withClientSignal(exchange.response, (signal) =>
    withBody(exchange, async (body) => {
      for (const { head, part } of multipart.sections) {
        await body.write(head);
        const blob = new BlobReader(exchange, part, signal);
        await blob.descriptor();
        await copy(blob, body, { size: partSize(part), isLast: false });
      }
      await body.end(multipart.end);
    }),
  );
}

/** One ReadBlob call: the descriptor first, then chunks. */
class BlobReader {
  readonly #messages: AsyncIterator<ReadBlobResponse>;

  constructor({ services, repository, argument }: Exchange, part: BytePart | undefined, signal: AbortSignal) {
    const extent = part === undefined ? {} : { offset: BigInt(part.first), limit: BigInt(partSize(part)) };
    const messages = services.blobs.readBlob({ repository, digest: argument, ...extent }, { signal });
    this.#messages = messages[Symbol.asyncIterator]();
  }

  async descriptor(): Promise<Descriptor> {
    const { value } = await this.#messages.next();
    if (value?.part.case === "descriptor") return value.part.value;
    throw new Error("ReadBlob did not begin with a descriptor");
  }

  /** The next chunk, valid until the one after it is asked for; undefined at the end. */
  async chunk(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#messages.next();
    if (done) return undefined;
    if (value.part.case === "chunk") return value.part.value;
    throw new Error("ReadBlob went on with something that is not a chunk");
  }
}

/** Copies exactly so many bytes, and ends the response with the last ones if nothing follows them. */
async function copy(
  blob: BlobReader,
  body: ResponseBody,
  { size, isLast }: { readonly size: number; readonly isLast: boolean },
): Promise<void> {
  let rest = size;
  for (let chunk = await blob.chunk(); chunk !== undefined; chunk = await blob.chunk()) {
    rest -= chunk.length;
    if (rest === 0 && isLast) await body.end(chunk);
    else await body.write(chunk);
  }
  if (rest !== 0) throw new Error(`the registry sent ${size - rest} bytes of ${size}`);
}

async function withBody(exchange: Exchange, write: (body: ResponseBody) => Promise<void>): Promise<void> {
  const { request, response, limits } = exchange;
  const body = new ResponseBody(request, response, limits.progressTimeoutMs);
  try {
    await write(body);
  } finally {
    body.release();
  }
}

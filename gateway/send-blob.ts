// Moves a blob's bytes from the registry to the client: whole, one part, or
// several parts. Headers go out when the first message shows that the blob is there.
import type { Descriptor } from "../src/gen/stowage/v1/descriptor_pb.ts";
import { writeHead } from "./answer.ts";
import { type BytePart, partSize } from "./byte-ranges.ts";
import { withClientSignal } from "./client-signal.ts";
import type { Exchange } from "./exchange.ts";
import type { ResponseHeaders } from "./http-messages.ts";
import { multipartOf } from "./multipart.ts";
import type { BlobReader } from "./read-blob.ts";
import { ResponseBody } from "./write-body.ts";

/** Answers 200 with all bytes. */
export function sendWhole(
  exchange: Exchange,
  headersOf: (descriptor: Descriptor) => ResponseHeaders,
): Promise<void> {
  return withClientSignal(exchange.response, async (signal) => {
    const blob = await openBlob(exchange, undefined, signal);
    const descriptor = await blob.descriptor();
    writeHead(exchange, 200, headersOf(descriptor));
    const size = Number(descriptor.size);
    await withBody(exchange, (body) => copy(blob, body, { size, isLast: true }));
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
    const blob = await openBlob(exchange, part, signal);
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
  return withClientSignal(exchange.response, async (signal) => {
    const open = async (part: BytePart) => {
      const blob = await openBlob(exchange, part, signal);
      await blob.descriptor();
      return blob;
    };
    // The first part shows that the blob is there while that can still be answered.
    const [start] = multipart.sections;
    let opened = start && (await open(start.part));
    writeHead(exchange, 206, headers);
    await withBody(exchange, async (body) => {
      for (const { head, part } of multipart.sections) {
        await body.write(head);
        const blob = opened ?? (await open(part));
        opened = undefined;
        await copy(blob, body, { size: partSize(part), isLast: false });
      }
      await body.end(multipart.end);
    });
  });
}

function openBlob(
  { services, repository, argument: digest, call }: Exchange,
  part: BytePart | undefined,
  signal: AbortSignal,
): Promise<BlobReader> {
  const extent = part === undefined ? {} : { offset: BigInt(part.first), limit: BigInt(partSize(part)) };
  return services.readBlob({ repository, digest, ...extent }, { ...call, signal });
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
  if (size === 0 && isLast) await body.end("");
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

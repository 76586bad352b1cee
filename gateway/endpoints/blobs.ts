// Blobs: whole, in parts, or not at all when the client has them. distribution-spec,
// Pulling blobs, Deleting Blobs; RFC 9110, 13 and 14.
import type { Descriptor } from "../../src/gen/stowage/v1/descriptor_pb.ts";
import { ERROR_MESSAGES } from "../../src/oci/errors.ts";
import { OCTET_STREAM } from "../../src/oci/media-types.ts";
import { answer } from "../answer.ts";
import { readRange } from "../byte-ranges.ts";
import { demandDescriptor } from "../descriptor.ts";
import { entityTag, isIfRangeMatch, isNoneMatch } from "../entity-tags.ts";
import { Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { ResponseHeaders } from "../http-messages.ts";
import { sendPart, sendParts, sendWhole } from "../send-blob.ts";

/** What a digest names never changes. */
const CACHE_CONTROL = "max-age=31536000, immutable";

export async function getBlob(exchange: Exchange): Promise<void> {
  const { method, request } = exchange;
  const { range } = request.headers;
  if (method === "HEAD" || range !== undefined || request.headers["if-none-match"] !== undefined)
    return getDescribedBlob(exchange);
  return sendWhole(exchange, blobHeaders);
}

export async function deleteBlob(exchange: Exchange): Promise<void> {
  const { services, repository, argument: digest } = exchange;
  await services.blobs.deleteBlob({ repository, digest }, exchange.call);
  answer(exchange, 202, { "Content-Length": 0 });
}

/** Where the answer depends on the blob's size, or is given without its bytes. */
async function getDescribedBlob(exchange: Exchange): Promise<void> {
  const { services, repository, argument: digest, method, request } = exchange;
  const descriptor = demandDescriptor(await services.blobs.statBlob({ repository, digest }, exchange.call));
  const { headers } = request;
  if (isNoneMatch(headers["if-none-match"], digest)) answer(exchange, 304, validators(descriptor));
  else if (method === "HEAD") answer(exchange, 200, blobHeaders(descriptor));
  else if (headers.range === undefined || !isIfRangeMatch(ifRange(exchange), digest))
    return sendWhole(exchange, blobHeaders);
  else return getRange(exchange, descriptor, headers.range);
}

async function getRange(exchange: Exchange, descriptor: Descriptor, header: string): Promise<void> {
  const size = Number(descriptor.size);
  const parts = readRange(header, size, exchange.limits.maxRanges);
  if (parts === "whole") return sendWhole(exchange, blobHeaders);
  if (parts === "unsatisfiable") throw unsatisfiable(header, size);
  const [part, ...others] = parts;
  const headers = blobHeaders(descriptor);
  return others.length === 0
    ? sendPart(exchange, headers, { part, size })
    : sendParts(exchange, headers, { parts, size });
}

function blobHeaders(descriptor: Descriptor): ResponseHeaders {
  return {
    "Content-Type": OCTET_STREAM,
    "Content-Length": String(descriptor.size),
    "Docker-Content-Digest": descriptor.digest,
    ETag: entityTag(descriptor.digest),
    "Cache-Control": CACHE_CONTROL,
    "Accept-Ranges": "bytes",
  };
}

function validators({ digest }: Descriptor): ResponseHeaders {
  return { ETag: entityTag(digest), "Cache-Control": CACHE_CONTROL, "Docker-Content-Digest": digest };
}

function ifRange({ request }: Exchange): string | undefined {
  const header = request.headers["if-range"];
  return typeof header === "string" ? header : undefined;
}

function unsatisfiable(range: string, size: number): Refusal {
  const problem = {
    code: "RANGE_INVALID",
    message: ERROR_MESSAGES.RANGE_INVALID,
    detail: { range, size: String(size) },
  } as const;
  return new Refusal({ status: 416, problems: [problem], headers: { "Content-Range": `bytes */${size}` } });
}

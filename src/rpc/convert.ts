// Between protobuf and the words of the house: numbers, times, pages, references.
// Text from a client becomes a typed name here, once, or an error.
import { create } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { PageRequest } from "../core/page.ts";
import { type Descriptor as DescriptorMessage, DescriptorSchema } from "../gen/stowage/v1/descriptor_pb.ts";
import type { Reference as ReferenceMessage } from "../gen/stowage/v1/manifest_pb.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { parseDigest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import { parseTag, type Reference } from "../oci/reference.ts";

export function descriptorMessage({ mediaType, digest, size }: Descriptor): DescriptorMessage {
  return create(DescriptorSchema, { mediaType, digest, size: BigInt(size) });
}

export function timeMessage(milliseconds: number): Timestamp {
  return timestampFromMs(milliseconds);
}

/** A size or offset from the wire as a number. Throws `code` for one below 0 or beyond 2^53. */
export function byteCount(value: bigint, name: string, code: "RANGE_INVALID" | "SIZE_INVALID"): number {
  if (value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new RegistryError(
    code,
    { [name]: String(value) },
    { message: `${name} ${value} is not a number of bytes` },
  );
}

/** Throws REQUEST_INVALID when neither tag nor digest is there. */
export function parseReferenceMessage(message: ReferenceMessage | undefined): Reference {
  switch (message?.name.case) {
    case "tag":
      return { kind: "tag", tag: parseTag(message.name.value) };
    case "digest":
      return { kind: "digest", digest: parseDigest(message.name.value) };
    case undefined:
      throw new RegistryError("REQUEST_INVALID", {}, { message: "reference needs a tag or a digest" });
  }
}

/** A page request as every list has it; `limits` are the default and the most. */
export function parsePage(
  message: { readonly pageSize: number; readonly pageToken: string; readonly startAfter?: string },
  limits: { readonly fallback: number; readonly most: number },
): PageRequest {
  const { pageSize, pageToken, startAfter } = message;
  const limit = parsePageSize(pageSize, limits);
  const after = pageToken === "" ? startAfter : parsePageToken(pageToken);
  return { limit, ...(after !== undefined && after !== "" && { after }) };
}

/** How many items a page may have; `limits` are the default and the most. */
export function parsePageSize(
  pageSize: number,
  limits: { readonly fallback: number; readonly most: number },
): number {
  if (pageSize >= 0) return pageSize === 0 ? limits.fallback : Math.min(pageSize, limits.most);
  const text = `page_size ${pageSize} must not be negative`;
  throw new RegistryError("PAGINATION_NUMBER_INVALID", { page_size: String(pageSize) }, { message: text });
}

/** The token that asks for what comes behind this name. */
export function pageToken(after: string): string {
  return Buffer.from(after).toString("base64url");
}

/** What pageToken made the token of. Throws PAGINATION_TOKEN_INVALID. */
export function parsePageToken(token: string): string {
  const name = Buffer.from(token, "base64url").toString();
  if (name !== "" && pageToken(name) === token) return name;
  throw tokenInvalid("page_token is not one of this registry's");
}

export function tokenInvalid(message: string): RegistryError {
  return new RegistryError("PAGINATION_TOKEN_INVALID", {}, { message });
}

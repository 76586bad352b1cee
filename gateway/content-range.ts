// Where the bytes of an upload request belong: Content-Range as the distribution
// specification writes it, "<first>-<last>". distribution-spec, Pushing a blob in chunks.
import { RegistryError } from "../src/oci/errors.ts";
import { contentLength, type HttpRequest } from "./http-messages.ts";

/** Offset absent: at the end. Size absent: unknown. */
export interface UploadPlace {
  readonly offset?: bigint;
  readonly size?: bigint;
}

const CONTENT_RANGE = /^(\d{1,15})-(\d{1,15})$/;

/** Reads Content-Range and Content-Length. Throws REQUEST_INVALID, and SIZE_INVALID where they contradict each other. */
export function uploadPlace(request: HttpRequest): UploadPlace {
  const length = contentLength(request);
  const header = request.headers["content-range"];
  if (header === undefined) return length === undefined ? {} : { size: BigInt(length) };
  const { first, size } = parseContentRange(header);
  if (length !== undefined && length !== size) throw sizeMismatch(header, size, length);
  return { offset: BigInt(first), size: BigInt(size) };
}

function parseContentRange(header: string): { readonly first: number; readonly size: number } {
  const match = CONTENT_RANGE.exec(header);
  const first = Number(match?.[1]);
  const size = Number(match?.[2]) - first + 1;
  if (size > 0) return { first, size };
  const message = `Content-Range "${header}" must be <first>-<last>, both included, in bytes`;
  throw new RegistryError("REQUEST_INVALID", {}, { message });
}

function sizeMismatch(header: string, size: number, length: number): RegistryError {
  const message = `Content-Range "${header}" speaks of ${size} bytes, Content-Length of ${length}`;
  return new RegistryError("SIZE_INVALID", { size: String(length) }, { message });
}

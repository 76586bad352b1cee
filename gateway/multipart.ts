// Several parts of a blob in one answer: multipart/byteranges. RFC 9110, 14.6.
import { OCTET_STREAM } from "../src/oci/media-types.ts";
import { type BytePart, partSize } from "./byte-ranges.ts";

export interface Multipart {
  readonly mediaType: string;
  /** Of everything between the answer's headers and its end, in bytes. */
  readonly length: number;
  readonly sections: readonly MultipartSection[];
  /** What follows the last section. */
  readonly end: string;
}

export interface MultipartSection {
  /** What precedes the part's bytes. */
  readonly head: string;
  readonly part: BytePart;
}

/** The longest boundary is 70 characters. RFC 2046, 5.1.1. */
const BOUNDARY_LENGTH = 64;

/** Lays out the answer for these parts of a blob of so many bytes. */
export function multipartOf(digest: string, parts: readonly BytePart[], size: number): Multipart {
  // A boundary must not occur in the content, and no content holds its own digest.
  const boundary = digest.slice(digest.indexOf(":") + 1).slice(0, BOUNDARY_LENGTH);
  const sections = parts.map((part) => ({ head: sectionHead(boundary, part, size), part }));
  const end = `\r\n--${boundary}--\r\n`;
  const length = sections.reduce((sum, { head, part }) => sum + head.length + partSize(part), end.length);
  return { mediaType: `multipart/byteranges; boundary=${boundary}`, length, sections, end };
}

function sectionHead(boundary: string, { first, last }: BytePart, size: number): string {
  const range = `Content-Range: bytes ${first}-${last}/${size}`;
  return `\r\n--${boundary}\r\nContent-Type: ${OCTET_STREAM}\r\n${range}\r\n\r\n`;
}

// Entity tags: content's digest in quotes, always strong. RFC 9110, 8.8.3 and 13.1.
import { RegistryError } from "../src/oci/errors.ts";

/** What If-Match or If-None-Match holds. */
export type EntityTagCondition = "*" | readonly EntityTag[];

export interface EntityTag {
  /** What stands between the quotes. */
  readonly text: string;
  readonly weak: boolean;
}

/** One element of a list: quoted, or a bare digest, which clients of other registries send, or nothing. */
const ELEMENT = /\s*(?:(W\/)?(?:"([\x21\x23-\x7e\x80-\xff]*)"|([a-z0-9]+:[0-9a-f]+)))?\s*(?:,|$)/gy;

export function entityTag(digest: string): string {
  return `"${digest}"`;
}

/** Reads a condition. Throws REQUEST_INVALID: guessing what must not be overwritten would be dangerous. */
export function parseCondition(header: string): EntityTagCondition {
  const condition = readCondition(header);
  if (condition !== undefined) return condition;
  const message = `"${header}" is not a list of entity tags; write each as "<digest>", with the quotes`;
  throw new RegistryError("REQUEST_INVALID", {}, { message });
}

/** True when content with this digest need not be sent. What cannot be read matches nothing. RFC 9110, 13.1.2. */
export function isNoneMatch(header: string | undefined, digest: string): boolean {
  if (header === undefined) return false;
  const condition = readCondition(header) ?? [];
  return condition === "*" || condition.some((tag) => tag.text === digest);
}

/** True when If-Range allows a part of the content. Dates never do: blobs have none. RFC 9110, 13.1.5. */
export function isIfRangeMatch(header: string | undefined, digest: string): boolean {
  return header === undefined || header === entityTag(digest);
}

function readCondition(header: string): EntityTagCondition | undefined {
  if (header.trim() === "*") return "*";
  const tags: EntityTag[] = [];
  let read = 0;
  for (const [element, weak, quoted, bare] of header.matchAll(ELEMENT)) {
    read += element.length;
    const text = quoted ?? bare;
    if (text !== undefined) tags.push({ text, weak: weak !== undefined });
  }
  return read === header.length ? tags : undefined;
}

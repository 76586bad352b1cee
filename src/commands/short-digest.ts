// Digests as terminals show them, with their first digits alone, and back.
import { isDigest } from "../oci/digest.ts";
import type { Cell } from "./cell.ts";
import { shortDigest } from "./readable.ts";
import { CommandFailure } from "./world.ts";

/** Enough that nobody types it by chance. */
const PREFIX = /^sha(?:256|512):[0-9a-f]{6,}$/;

/** A digest in a table; "-" for none. A narrow terminal shows its first digits. */
export function digestCell(digest: string): Cell {
  return digest === "" ? "-" : { text: digest, short: shortDigest(digest) };
}

/** The text with the first digits alone of all digests in it. */
export function shortenDigests(text: string): string {
  return text.replace(/\b(sha(?:256|512):[0-9a-f]{12})[0-9a-f]+/g, "$1");
}

/** True: the beginning of a digest, which completeDigest may know. */
export function isShortDigest(text: string): boolean {
  return PREFIX.test(text) && !isDigest(text);
}

/** The one digest that begins so. Throws CommandFailure. */
export async function completeDigest(
  start: string,
  known: AsyncIterable<string> | Iterable<string>,
  where: string,
): Promise<string> {
  const found = new Set<string>();
  for await (const digest of known) if (digest.startsWith(start)) found.add(digest);
  const [digest, ...others] = found;
  if (digest === undefined) throw new CommandFailure(`no digest in ${where} begins with ${start}`);
  if (others.length > 0)
    throw new CommandFailure(`${found.size} digests in ${where} begin with ${start}; write more of it`);
  return digest;
}

// From a page of a prefix to a range of keys, and from what was found there to the page.
import type { EngineEntry, EngineRange } from "./engine.ts";
import type { Prefix } from "./keys.ts";
import type { Entry, PageOptions } from "./metadata-store.ts";
import { decodeRecord } from "./value-form.ts";

/** The keys below the prefix that the page may hold. */
export function pageRange(
  prefix: Prefix<unknown>,
  { after, limit, maxBytes, namesOnly, reverse = false }: PageOptions,
): EngineRange {
  const most = maxBytes === undefined ? {} : { maxBytes };
  return { ...bounds(prefix, after, reverse), limit, reverse, values: namesOnly !== true, ...most };
}

function bounds(
  { text }: Prefix<unknown>,
  after: string | undefined,
  reverse: boolean,
): Pick<EngineRange, "from" | "to"> {
  if (after === undefined) return { from: text, to: endOf(text) };
  // Nothing sorts between a text and the same text with \0 behind it.
  return reverse ? { from: text, to: `${text}${after}` } : { from: `${text}${after}\0`, to: endOf(text) };
}

/** The page's entries, of the engine's entries in its range. */
export function pageOf<R>(
  entries: readonly EngineEntry[],
  prefix: Prefix<R>,
  options: PageOptions,
): Entry<R>[] {
  return entries.map(({ key, value }) => ({
    name: key.slice(prefix.text.length),
    record: options.namesOnly ? undefined : decodeRecord<R>({ text: key }, value),
  }));
}

/** The first key behind all that begin with the prefix. Prefixes end in ASCII, so one more is still ASCII. */
function endOf(prefix: string): string {
  const last = prefix.length - 1;
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}

// Reading the whole catalogue in order, in pages, so that memory does not grow with
// what is there. From a snapshot, or from the store itself while nobody else uses it.
import { setImmediate } from "node:timers/promises";
import type { Key, Prefix } from "../metadata/keys.ts";
import type { Entry, MetadataStore } from "../metadata/metadata-store.ts";

/** A catalogue, of one moment or as it is now. */
export type Reader = Pick<MetadataStore, "page" | "get">;

/** How much is read at once. */
const PAGE = { limit: 1000, maxBytes: 1024 * 1024 };

/** How many records are looked up at once. */
const LOOKUPS = 128;

/** An entry whose record was read. */
export interface FullEntry<R> {
  readonly name: string;
  readonly record: R;
}

/** True when there is a record. */
export async function isThere(reader: Reader, key: Key<unknown>): Promise<boolean> {
  return (await reader.get(key)) !== undefined;
}

/** All entries below the prefix, page by page; pages are not empty. */
export async function* pages<R>(
  reader: Reader,
  prefix: Prefix<R>,
  signal?: AbortSignal,
): AsyncGenerator<readonly FullEntry<R>[], void, undefined> {
  for await (const page of rawPages(reader, prefix, { ...PAGE, namesOnly: false }, signal))
    yield page.flatMap(({ name, record }) => (record === undefined ? [] : [{ name, record }]));
}

/** All entries below the prefix. */
export async function* entries<R>(
  reader: Reader,
  prefix: Prefix<R>,
  signal?: AbortSignal,
): AsyncGenerator<FullEntry<R>, void, undefined> {
  for await (const page of pages(reader, prefix, signal)) yield* page;
}

/** The names of all entries below the prefix, page by page. */
export async function* namePages(
  reader: Reader,
  prefix: Prefix<unknown>,
  signal?: AbortSignal,
): AsyncGenerator<readonly string[], void, undefined> {
  for await (const page of rawPages(reader, prefix, { ...PAGE, namesOnly: true }, signal))
    yield page.map(({ name }) => name);
}

/** The names of all entries below the prefix. */
export async function* names(
  reader: Reader,
  prefix: Prefix<unknown>,
  signal?: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  for await (const page of namePages(reader, prefix, signal)) yield* page;
}

/** The names of all entries below the prefix, as entries that can be merged. */
export async function* nameEntries(
  reader: Reader,
  prefix: Prefix<unknown>,
  signal?: AbortSignal,
): AsyncGenerator<{ readonly name: string }, void, undefined> {
  for await (const name of names(reader, prefix, signal)) yield { name };
}

/** The work for each item, several at a time; results in the items' order. */
export async function inTurns<T, U>(items: readonly T[], work: (item: T) => Promise<U>): Promise<U[]> {
  const results: U[] = [];
  for (let first = 0; first < items.length; first += LOOKUPS)
    results.push(...(await Promise.all(items.slice(first, first + LOOKUPS).map(work))));
  return results;
}

async function* rawPages<R>(
  reader: Reader,
  prefix: Prefix<R>,
  options: { readonly limit: number; readonly maxBytes: number; readonly namesOnly: boolean },
  signal?: AbortSignal,
): AsyncGenerator<readonly Entry<R>[], void, undefined> {
  for (let after: string | undefined; ; ) {
    signal?.throwIfAborted();
    const page = await reader.page(prefix, { ...options, ...(after !== undefined && { after }) });
    after = page.at(-1)?.name;
    if (after === undefined) return;
    yield page;
    await setImmediate(); // who waits for an answer comes first
  }
}

// Reading what a list is made of page by page, while whoever else works gets a turn
// between two pages.
import type { Prefix } from "../../metadata/keys.ts";
import type { Entry, MetadataStore } from "../../metadata/metadata-store.ts";
import { Turns } from "../turns.ts";

/** A catalogue, of one moment or as it is now. */
export type Reader = Pick<MetadataStore, "get" | "page">;

/** How many entries are looked at at once where not all are told of. */
export const LOOK = 1000;

export interface WalkOptions {
  /** How many at once. */
  readonly limit: number;
  readonly namesOnly: boolean;
  /** The name of the entry that it begins behind. Absent: at the start. */
  readonly after?: string | undefined;
  readonly reverse?: boolean;
  readonly signal?: AbortSignal | undefined;
}

const turns = new Turns();

/** All entries below the prefix, page by page. Throws the signal's reason. */
export async function* walk<R>(
  reader: Reader,
  prefix: Prefix<R>,
  { limit, namesOnly, after, reverse = false, signal }: WalkOptions,
): AsyncGenerator<readonly Entry<R>[], void, undefined> {
  const pace = turns.pace();
  for (let place = after; ; ) {
    const start = place === undefined ? {} : { after: place };
    const entries = await reader.page(prefix, { limit, namesOnly, reverse, ...start });
    yield entries;
    place = entries.at(-1)?.name;
    if (entries.length < limit) return;
    signal?.throwIfAborted();
    await pace.next();
  }
}

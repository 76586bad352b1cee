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
  /** Only entries whose names begin with it, as far as it can be looked up. Absent: all. */
  readonly start?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const turns = new Turns();

/** Prefixes end in ASCII, and behind its last character would be none. */
const PLAIN = /^[^\x7f-\uffff]*/;

/** All entries below the prefix, page by page. Throws the signal's reason. */
export async function* walk<R>(
  reader: Reader,
  prefix: Prefix<R>,
  { limit, namesOnly, after, reverse = false, start = "", signal }: WalkOptions,
): AsyncGenerator<readonly Entry<R>[], void, undefined> {
  const pace = turns.pace();
  const [plain = ""] = PLAIN.exec(start) ?? [];
  const within: Prefix<R> = { text: prefix.text + plain };
  if (after !== undefined && isPast(after, plain, reverse)) return;
  // Of the names without what all of them begin with.
  let place = after?.startsWith(plain) ? after.slice(plain.length) : undefined;
  for (;;) {
    const behind = place === undefined ? {} : { after: place };
    const entries = await reader.page(within, { limit, namesOnly, reverse, ...behind });
    yield plain === "" ? entries : entries.map((entry) => ({ ...entry, name: plain + entry.name }));
    place = entries.at(-1)?.name;
    if (entries.length < limit) return;
    signal?.throwIfAborted();
    await pace.next();
  }
}

/** Whether all names that begin so lie before the place, in the direction of the walk. */
function isPast(after: string, start: string, reverse: boolean): boolean {
  return !after.startsWith(start) && (reverse ? after < start : after > start);
}

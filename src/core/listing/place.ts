// Pages of lists that can be in several orders: how they are asked for and answered.
// A place is what the last item was ordered by and its name, so that a list goes on
// where it was although what it lists changes.

/** Behind which item a page begins; the item need not exist any more. */
export interface Place {
  readonly name: string;
  /** What it is ordered by. Absent: by name. */
  readonly value?: number;
}

/** What all these lists are asked with. */
export interface ListRequest<Order> {
  /** Absent: at the start. With a value in any order but that of names, and only there. */
  readonly after?: Place;
  /** At most this many items; at least 1. */
  readonly limit: number;
  readonly order: Order;
  /** True: the largest first. Items that are alike come in order of their names all the same. */
  readonly descending: boolean;
  /** Ends the work, which then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface ListPage<T> {
  readonly items: readonly T[];
  /** Where the list goes on. Absent: it does not. */
  readonly next?: Place;
}

/** An item, and where it stands. */
export interface Ranked<T> {
  readonly item: T;
  readonly place: Place;
}

/** A page of items in their order, of which there may be more than the limit. */
export function listPage<T>(ranked: readonly Ranked<T>[], limit: number): ListPage<T> {
  const items = ranked.slice(0, limit).map(({ item }) => item);
  const last = ranked[limit - 1];
  return ranked.length > limit && last !== undefined ? { items, next: last.place } : { items };
}

// Pages: how every list in this room is asked for and answered.

export interface PageRequest {
  /** Begin behind this name, which need not exist. Absent: at the start. */
  readonly after?: string;
  /** At most this many items; at least 1. */
  readonly limit: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** True: the list goes on behind the last item. */
  readonly more: boolean;
}

/** A page from entries of which one more than the limit was asked for. */
export function pageOf<E, T>(entries: readonly E[], limit: number, item: (entry: E) => T): Page<T> {
  return { items: entries.slice(0, limit).map(item), more: entries.length > limit };
}

// Some work at a time, results in the order of what they are of.

/**
 * Begins at most `limit` at once. Whoever stops reading, or a failure, begins no more; what was begun is waited for.
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const running: Promise<Result>[] = [];
  try {
    for (const item of items) {
      const begun = work(item);
      begun.catch(() => {}); // thrown where it is waited for
      running.push(begun);
      if (running.length >= limit) yield await taken(running);
    }
    while (running.length > 0) yield await taken(running);
  } finally {
    await Promise.allSettled(running);
  }
}

function taken<Result>(running: Promise<Result>[]): Promise<Result> {
  const first = running.shift();
  if (first === undefined) throw new Error("nothing is under way");
  return first;
}

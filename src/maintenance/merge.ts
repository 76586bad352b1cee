// Two ordered lists side by side: what is in one only, and what is in both.

/** What the two have under one name. */
export interface Pair<A, B> {
  readonly name: string;
  /** Undefined: the first has it not. */
  readonly left: A | undefined;
  /** Undefined: the second has it not. */
  readonly right: B | undefined;
}

interface Named {
  readonly name: string;
}

/** All names of either, in order. Both are ordered by the bytes of their names, each name once; names are ASCII. */
export async function* merge<A extends Named, B extends Named>(
  first: AsyncIterable<A>,
  second: AsyncIterable<B>,
): AsyncGenerator<Pair<A, B>, void, undefined> {
  const lefts = first[Symbol.asyncIterator]();
  const rights = second[Symbol.asyncIterator]();
  try {
    let [left, right] = await Promise.all([next(lefts), next(rights)]);
    for (let name = least(left, right); name !== undefined; name = least(left, right)) {
      const isLeft = left?.name === name;
      const isRight = right?.name === name;
      yield { name, left: isLeft ? left : undefined, right: isRight ? right : undefined };
      [left, right] = await Promise.all([isLeft ? next(lefts) : left, isRight ? next(rights) : right]);
    }
  } finally {
    await lefts.return?.();
    await rights.return?.();
  }
}

async function next<T>(iterator: AsyncIterator<T>): Promise<T | undefined> {
  const { done, value } = await iterator.next();
  return done === true ? undefined : value;
}

function least(left: Named | undefined, right: Named | undefined): string | undefined {
  if (left === undefined || right === undefined) return left?.name ?? right?.name;
  return left.name <= right.name ? left.name : right.name;
}

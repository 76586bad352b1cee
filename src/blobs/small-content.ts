// Tells a small content from the beginning of a large one, without losing a byte.

/** What came until the content ended, failed, or was too large to be small. */
export interface GatheredContent {
  /** The content, when it is small and complete. */
  readonly whole: Uint8Array | undefined;
  /** All of it again, whatever it was, with its failure if it failed. To be read at most once. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Takes chunks as long as they are no more than `most` bytes together. */
export async function gatherSmall(source: AsyncIterable<Uint8Array>, most: number): Promise<GatheredContent> {
  const rest = source[Symbol.asyncIterator]();
  const gathered: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await rest.next();
      if (done) {
        const whole = Buffer.concat(gathered);
        return { whole, chunks: replay([whole]) };
      }
      size += value.length;
      // A chunk's memory may be used again once the next is asked for.
      if (size <= most) gathered.push(Uint8Array.from(value));
      else return { whole: undefined, chunks: replay([...gathered, value], rest) };
    }
  } catch (error) {
    return { whole: undefined, chunks: replay(gathered, failing(error)) };
  }
}

async function* replay(
  gathered: readonly Uint8Array[],
  rest?: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* gathered;
    for (let next = await rest?.next(); next && !next.done; next = await rest?.next()) yield next.value;
  } finally {
    await rest?.return?.();
  }
}

function failing(error: unknown): AsyncIterator<Uint8Array> {
  return { next: () => Promise.reject(error) };
}

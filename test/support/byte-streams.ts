// Bytes for tests: content that differs at every place, as a stream and back.

/** This many bytes, without a period that a mistake could hide in; another seed gives other bytes. */
export function someBytes(size: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let state = (seed * 2654435761) >>> 0 || 1;
  for (let index = 0; index < size; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state & 255;
  }
  return bytes;
}

/** The bytes in chunks of this size, each valid until the next one is asked for: they share one buffer. */
export async function* inChunks(
  bytes: Uint8Array,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const shared = Buffer.alloc(size);
  for (let offset = 0; offset < bytes.length; offset += size) {
    const part = bytes.subarray(offset, offset + size);
    shared.set(part);
    yield shared.subarray(0, part.length);
    shared.fill(0xee);
  }
}

/** The bytes, and then the error. */
export async function* thenFail(
  bytes: Uint8Array,
  error: Error,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* inChunks(bytes, 1000);
  throw error;
}

/** All the bytes of a stream whose chunks are valid until the next one is asked for. */
export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** All items of a stream. */
export async function toArray<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

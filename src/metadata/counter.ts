// How an engine writes numbers: decimal digits, so that a dump can be read.

/** The bytes of a whole number. */
export function encodeCounter(value: number): Uint8Array {
  return Buffer.from(String(value));
}

/** The number those bytes say. Throws Error when they say none. */
export function decodeCounter(bytes: Uint8Array): number {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new Error(`${JSON.stringify(text)} is not a counter`);
  }
  return value;
}

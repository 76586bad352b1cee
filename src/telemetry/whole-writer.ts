// Text into a file that may be on a full disk: what the system took only a part of is
// given to it again, and what it does not take is told.

/** For a usual text, in bytes. */
const PLACE_BYTES = 256 * 1024;

/** A character takes so many bytes at most, in UTF-8. */
const MOST_BYTES = 3;

/** The system takes no more of a text for now. */
export class UnwrittenError extends Error {
  /** What it took, of the text in UTF-8. */
  readonly bytesWritten: number;

  constructor(bytesWritten: number, options: ErrorOptions) {
    super("the text could not be written, or not all of it", options);
    this.bytesWritten = bytesWritten;
  }
}

/** Writes all of a text, or rejects with UnwrittenError. `write` resolves to how many of the bytes were taken. */
export function wholeWriter(write: (bytes: Uint8Array) => Promise<number>): (text: string) => Promise<void> {
  // One text at a time is written: a new place for each would be garbage as large as the log.
  const place = Buffer.alloc(PLACE_BYTES);
  let isTaken = false;
  const encoded = (text: string): Uint8Array => {
    if (isTaken || text.length * MOST_BYTES > place.length) return Buffer.from(text);
    return place.subarray(0, place.write(text));
  };
  return async (text) => {
    const bytes = encoded(text);
    const isInPlace = bytes.buffer === place.buffer;
    if (isInPlace) isTaken = true;
    let written = 0;
    try {
      while (written < bytes.length) {
        const taken = await write(bytes.subarray(written));
        if (taken === 0) throw new Error("nothing was taken");
        written += taken;
      }
    } catch (cause) {
      throw new UnwrittenError(written, { cause });
    } finally {
      if (isInPlace) isTaken = false;
    }
  };
}

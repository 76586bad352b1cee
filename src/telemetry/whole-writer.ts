// Text into a file that may be on a full disk: what the system took only a part of is
// given to it again, and what it does not take is told.

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
  return async (text) => {
    const bytes = Buffer.from(text);
    let written = 0;
    try {
      while (written < bytes.length) {
        const taken = await write(bytes.subarray(written));
        if (taken === 0) throw new Error("nothing was taken");
        written += taken;
      }
    } catch (cause) {
      throw new UnwrittenError(written, { cause });
    }
  };
}

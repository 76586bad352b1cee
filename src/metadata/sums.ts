// How an engine keeps sums, and the highest of some numbers beside them: in decimal
// digits, so that a dump can be read: "3 4096 1;1700000000000". What comes behind
// the ";" is left out where there is none.

/** A row of sums. */
export interface Sums {
  readonly sums: readonly number[];
  /** 0: none yet. Absent places at the end are 0. */
  readonly highest: readonly number[];
}

const NO_SUMS: Sums = { sums: [], highest: [] };

/** The bytes of the row. */
export function encodeSums({ sums, highest }: Sums): Uint8Array {
  return Buffer.from(
    highest.some((number) => number !== 0) ? `${sums.join(" ")};${highest.join(" ")}` : sums.join(" "),
    "latin1",
  );
}

/** The row that those bytes say; of no bytes, that of nothing. Throws Error when they say none. */
export function decodeSums(bytes: Uint8Array | undefined): Sums {
  if (bytes === undefined) return NO_SUMS;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const [sums = "", highest, ...others] = text.split(";");
  if (others.length > 0) throw notSums(text);
  return { sums: numbersOf(sums, text), highest: highest === undefined ? [] : numbersOf(highest, text) };
}

function numbersOf(list: string, text: string): number[] {
  return list.split(" ").map((digits) => {
    const value = Number(digits);
    if (digits === "" || !Number.isSafeInteger(value)) throw notSums(text);
    return value;
  });
}

function notSums(text: string): Error {
  return new Error(`${JSON.stringify(text.slice(0, 200))} is no row of sums`);
}

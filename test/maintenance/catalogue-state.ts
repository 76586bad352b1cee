// What a catalogue says, in a form in which two of them can be compared.
import { type OpenRegistry, rowsOf } from "./registry-folder.ts";

/**
 * What must come back, without what may differ: an event is told a moment after the cards are written, and the mark of
 * an untagged manifest may stay while it has a tag again, or lies in the trash.
 */
export async function catalogueState({ context }: OpenRegistry): Promise<readonly string[]> {
  const rows = [...(await rowsOf(context.metadata))];
  return rows
    .filter(([key]) => /^(?:[rlmtgfbpcHMTRA]\/|n\/(?:held|named|contents|stored))/.test(key))
    .map(([key, value]) => {
      // Times, and the ids of changes. The last push may have been of what is gone.
      const name = key.startsWith("T/") ? key.slice(0, key.lastIndexOf("\0")) : key;
      const sums = /^[RA]\//.test(key) ? value.replace(/;.*/, "") : value;
      const text = sums.replace(/"\w*[tT]ime":\d+,?|"revision":\d+,?/g, "").replaceAll(",}", "}");
      return `${name} ${/^[pHg]/.test(key) ? "" : text}`;
    })
    .toSorted();
}

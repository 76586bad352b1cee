// How far a journal came.
import type { JournalFile, JournalFolder } from "../../blobs/journal-folder.ts";
import { decodeFact } from "./journal-facts.ts";

/** The newest event that it tells of; 0 when it is empty. */
export async function lastSequenceIn(folder: JournalFolder, files: readonly JournalFile[]): Promise<number> {
  let last = files.at(-1)?.sequence ?? 0;
  const newest = files.findLast(({ kind }) => kind === "changes");
  if (newest === undefined) return last;
  for await (const line of folder.lines(newest)) last = Math.max(last, decodeFact(line)?.s ?? 0);
  return last;
}

// The format's version, written into each new database, so that a version of
// Stowage that writes otherwise is never taken for this one.
//
//   1   the cards, the counters of manifests and consumers
//   2   what holds each digest, what is due, and the counters that say so (see keys.ts)
//   3   what is used, by repository and by path; manifests and tags that say how large they are and where they run
import type { Level } from "level";
import { formatKey } from "./keeping-keys.ts";

/** What this version writes. */
export const FORMAT = "3";

/** What can be made into that (src/maintenance/upgrade.ts). Until then the rules must not use it. */
export const OLDER_FORMATS: readonly string[] = ["1", "2"];

/** Marks an empty database with our format. Throws Error for another format, or for a database that is not a catalogue. */
export async function checkFormat(level: Level<string, Uint8Array>, location: string): Promise<void> {
  const stored = await level.get(formatKey.text);
  if (stored !== undefined) return expectFormat(Buffer.from(stored).toString(), location);
  const [someKey] = await level.keys({ limit: 1 }).all();
  if (someKey !== undefined) {
    throw new Error(
      `the database in ${JSON.stringify(location)} is not a catalogue of Stowage: it has no format`,
    );
  }
  await level.batch([{ type: "put", key: formatKey.text, value: Buffer.from(FORMAT) }], {
    sync: true,
  });
}

function expectFormat(stored: string, location: string): void {
  const readable = [...OLDER_FORMATS, FORMAT];
  if (readable.includes(stored)) return;
  const isNewer = /^[0-9]{1,9}$/.test(stored) && Number(stored) > Number(FORMAT);
  const advice = isNewer
    ? "a newer version wrote it: run that one, or restore a snapshot from before"
    : "it may be damaged, or another program's";
  const formats = new Intl.ListFormat("en").format(readable.map((format) => JSON.stringify(format)));
  throw new Error(
    `the catalogue in ${JSON.stringify(location)} has format ${JSON.stringify(stored)}; ` +
      `this version of Stowage reads formats ${formats}; ${advice}`,
  );
}

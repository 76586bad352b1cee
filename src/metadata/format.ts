// The format's version, written into each new database, so that a version of
// Stowage that writes otherwise is never taken for this one.
import type { Level } from "level";

const FORMAT_KEY = "x/format";
const FORMAT = "1";

/** Marks an empty database with our format. Throws Error for another format, or for a database that is not a catalogue. */
export async function checkFormat(level: Level<string, Uint8Array>, location: string): Promise<void> {
  const stored = await level.get(FORMAT_KEY);
  if (stored !== undefined) return expectFormat(Buffer.from(stored).toString(), location);
  const [someKey] = await level.keys({ limit: 1 }).all();
  if (someKey !== undefined) {
    throw new Error(
      `the database in ${JSON.stringify(location)} is not a catalogue of Stowage: it has no format`,
    );
  }
  await level.batch([{ type: "put", key: FORMAT_KEY, value: Buffer.from(FORMAT) }], {
    sync: true,
  });
}

function expectFormat(stored: string, location: string): void {
  if (stored === FORMAT) return;
  throw new Error(
    `the catalogue in ${JSON.stringify(location)} has format ${JSON.stringify(stored)}; ` +
      `this version of Stowage reads format ${JSON.stringify(FORMAT)}`,
  );
}

// Tries whether a LevelDB folder can be written and has room for reopening.
import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

const PROBE_NAME = "space-probe"; // LevelDB passes over names that are not its own

/** For the manifest, the new log, and a first batch. */
const MARGIN_BYTES = 1024 * 1024;

/** Rejects with the system's error (ENOSPC, EROFS, …) when reopening would fail. */
export async function probeSpace(location: string): Promise<void> {
  const path = join(location, PROBE_NAME);
  try {
    await writeFile(path, Buffer.alloc((await logBytes(location)) + MARGIN_BYTES), { flush: true });
  } finally {
    await rm(path, { force: true });
  }
}

/** LevelDB turns its log into a table when it opens, which takes about as much room. */
async function logBytes(location: string): Promise<number> {
  const names = await readdir(location);
  const logs = names.filter((name) => name.endsWith(".log"));
  const sizes = await Promise.all(logs.map(async (name) => (await stat(join(location, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

// Where the results of a benchmark are kept.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Writes results/DATE.json, with the suffix behind the date. */
export async function save(suffix: string, json: string): Promise<void> {
  const folder = join(import.meta.dirname, "results");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${new Date().toISOString().slice(0, 10)}${suffix}.json`), json);
}

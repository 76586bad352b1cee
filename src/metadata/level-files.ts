// Looks at a catalogue's files before LevelDB does. LevelDB begins a new, empty
// database where CURRENT is missing, and removes what it then takes for leftovers;
// it passes over a log that is gone or damaged. An operator must hear of it instead.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { readLog } from "./level-log.ts";
import { type LevelFiles, readLevelManifest } from "./level-manifest.ts";

/** A catalogue whose files are not all there and whole. Opening it has changed nothing. */
export class CatalogueDamaged extends Error {
  override readonly name = "CatalogueDamaged";

  constructor(location: string, reason: string, options?: ErrorOptions) {
    super(
      `the catalogue in ${JSON.stringify(location)} is damaged: ${reason}. ` +
        '"stowage restore" brings back a snapshot; "stowage rebuild" makes the catalogue again from the blobs',
      options,
    );
  }
}

/** A catalogue that another process has open. */
export class CatalogueInUse extends Error {
  override readonly name = "CatalogueInUse";

  constructor(location: string) {
    super(`the catalogue in ${JSON.stringify(location)} is in use: another stowage runs on this folder`);
  }
}

/** Throws CatalogueDamaged. A folder without a catalogue is fine. */
export async function checkLevelFiles(location: string): Promise<void> {
  const names = await namesIn(location);
  const problem = await problemOf(location, new Set(names));
  if (problem !== undefined) throw new CatalogueDamaged(location, problem);
}

/** True: nobody has begun a catalogue there. */
export async function isWithoutCatalogue(location: string): Promise<boolean> {
  const names = new Set(await namesIn(location));
  return !names.has("CURRENT") && isNew(names);
}

async function namesIn(location: string): Promise<readonly string[]> {
  try {
    return await readdir(location);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

async function problemOf(location: string, names: ReadonlySet<string>): Promise<string | undefined> {
  if (!names.has("CURRENT")) return isNew(names) ? undefined : "the file CURRENT is missing";
  const manifest = (await readFile(join(location, "CURRENT"), "utf8")).trimEnd();
  if (!/^MANIFEST-\d+$/.test(manifest)) return "the file CURRENT names no manifest";
  if (!names.has(manifest)) return `the file ${manifest} is missing`;
  let files: LevelFiles;
  try {
    files = readLevelManifest(await readFile(join(location, manifest)));
  } catch (error) {
    return `the file ${manifest} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
  return (await tableProblem(location, names, files)) ?? (await logProblem(location, names, files));
}

function isNew(names: ReadonlySet<string>): boolean {
  return ![...names].some((name) => /^MANIFEST-\d+$|^\d+\.(?:ldb|sst|log)$/.test(name));
}

async function tableProblem(
  location: string,
  names: ReadonlySet<string>,
  { tables }: LevelFiles,
): Promise<string | undefined> {
  for (const [number, size] of tables) {
    const name = [nameOf(number, "ldb"), nameOf(number, "sst")].find((one) => names.has(one));
    if (name === undefined) return `the file ${nameOf(number, "ldb")} is missing`;
    const actual = (await stat(join(location, name))).size;
    if (actual !== size) return `the file ${name} has ${actual} bytes instead of ${size}`;
  }
  return undefined;
}

/** LevelDB makes a log before its MANIFEST names it, and removes it after. */
async function logProblem(
  location: string,
  names: ReadonlySet<string>,
  { log }: LevelFiles,
): Promise<string | undefined> {
  if (log !== 0 && !names.has(nameOf(log, "log"))) return `the file ${nameOf(log, "log")} is missing`;
  for (const name of names) {
    if (!/^\d+\.log$/.test(name) || Number.parseInt(name, 10) < log) continue;
    const { damagedAt } = readLog(await readFile(join(location, name)), { keep: false });
    if (damagedAt !== undefined) return `the file ${name} is damaged at byte ${damagedAt}`;
  }
  return undefined;
}

function nameOf(number: number, kind: "ldb" | "sst" | "log"): string {
  return `${String(number).padStart(6, "0")}.${kind}`;
}

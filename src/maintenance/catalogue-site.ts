// Where a new catalogue is built beside the place of the old one, which stays there
// until the new one is whole, and is then moved aside, never deleted:
//
//   <root>/metadata                  the catalogue
//   <root>/metadata.<work>           the new one, until it is whole
//   <root>/metadata.broken-<time>    what was there before
import { mkdir, open, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { JournalFolder } from "../blobs/journal-folder.ts";
import { Catalogue } from "../metadata/catalogue.ts";
import { repositories } from "../metadata/keys.ts";
import { LevelEngine } from "../metadata/level-engine.ts";
import { CatalogueDamaged, CatalogueInUse, isWithoutCatalogue } from "../metadata/level-files.ts";

export interface SiteOptions {
  /** The folder that holds metadata and blobs. */
  readonly root: string;
  /** What the folder of the new catalogue is called. */
  readonly work: "rebuilding" | "restoring";
  /** True: a catalogue that can be read and is not empty is moved aside, too. */
  readonly moveAside: boolean;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
}

/** There is a good catalogue already. */
export class CatalogueInPlace extends Error {
  override readonly name = "CatalogueInPlace";
}

export class CatalogueSite {
  /** Where the new catalogue is built. */
  readonly work: string;
  readonly #place: string;
  readonly #options: SiteOptions;

  private constructor(options: SiteOptions) {
    this.#options = options;
    this.#place = join(options.root, "metadata");
    this.work = `${this.#place}.${options.work}`;
  }

  /** Throws CatalogueInPlace, or CatalogueInUse while another process has the catalogue open. */
  static async choose(options: SiteOptions): Promise<CatalogueSite> {
    const site = new CatalogueSite(options);
    await mkdir(options.root, { recursive: true, mode: 0o700 });
    await demandBroken(site.#place, options.moveAside);
    return site;
  }

  /** Puts the new catalogue, closed and whole, in its place; resolves to where the old one is now. Throws as choose does. */
  async finish(): Promise<string | undefined> {
    const { moveAside, now, root } = this.#options;
    await syncFolder(this.work);
    await demandBroken(this.#place, moveAside); // somebody may have begun one meanwhile
    const names = await readdir(this.#place).catch(() => []);
    const movedTo = names.length > 0 ? `${this.#place}.broken-${stamp(now())}` : undefined;
    if (movedTo !== undefined) await rename(this.#place, movedTo);
    await rename(this.work, this.#place);
    await syncFolder(root);
    return movedTo;
  }
}

/**
 * Throws Error when there is no catalogue, but things that belong to one: then beginning an empty one would be the
 * worst of answers. Meant for whoever is about to open it.
 */
export async function demandCatalogue(root: string): Promise<void> {
  const place = join(root, "metadata");
  if (!(await isWithoutCatalogue(place))) return;
  const journal = new JournalFolder(root);
  const others = (await readdir(root).catch(() => [])).filter((name) => name.startsWith("metadata."));
  if (others.length === 0 && (await journal.list()).length === 0) return;
  const [shown, evidence] = [place, others[0] ?? journal.path].map((path) => JSON.stringify(path));
  throw new Error(
    `there is no catalogue in ${shown}, but ${evidence} is left of one: "stowage restore" brings back a snapshot, ` +
      '"stowage rebuild" makes the catalogue again from the blobs; without any of this a new registry begins',
  );
}

/** Throws CatalogueInPlace for a catalogue with something in it, unless it may be moved, and CatalogueInUse in any case. */
async function demandBroken(place: string, moveAside: boolean): Promise<void> {
  if (await isWithoutCatalogue(place)) return;
  let catalogue: Catalogue;
  try {
    catalogue = new Catalogue(await LevelEngine.open(place));
  } catch (error) {
    if (error instanceof CatalogueInUse) throw error;
    if (error instanceof CatalogueDamaged || moveAside) return;
    throw error; // perhaps of a newer version, or not ours to read
  }
  try {
    if (!moveAside && (await isUsed(catalogue))) throw inPlace(place);
  } finally {
    await catalogue.close();
  }
}

async function isUsed(catalogue: Catalogue): Promise<boolean> {
  if (catalogue.lastSequence() > 0) return true;
  return (await catalogue.page(repositories, { limit: 1, namesOnly: true })).length > 0;
}

function inPlace(place: string): CatalogueInPlace {
  return new CatalogueInPlace(
    `there is a catalogue in ${JSON.stringify(place)} that can be read; --move-aside keeps it beside the new one`,
  );
}

/** "20261121T171850123Z" */
export function stamp(time: number): string {
  return new Date(time).toISOString().replace(/[-:.]/g, "");
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

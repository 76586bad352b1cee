// Where everything lies: the stores as the configuration names them. The one place
// that makes them, for the server and for commands that work on its data.
import { resolve } from "node:path";
import type { BlobAdopter } from "./blobs/blob-adopter.ts";
import type { BlobStore } from "./blobs/blob-store.ts";
import { openFilesystemStores } from "./blobs/filesystem-stores.ts";
import { MemoryBlobStore } from "./blobs/memory-blob-store.ts";
import { MemoryUploadStore } from "./blobs/memory-upload-store.ts";
import type { UploadStore } from "./blobs/upload-store.ts";
import type { Config } from "./config/config.ts";
import { makeDataFolder } from "./data-folder.ts";
import type { StoreMeasures } from "./instruments/store-metrics.ts";
import { demandCatalogue } from "./maintenance/catalogue-site.ts";
import { type UpgradeOptions, upgradeCatalogue } from "./maintenance/upgrade.ts";
import { Catalogue } from "./metadata/catalogue.ts";
import { LevelEngine } from "./metadata/level-engine.ts";
import { openMemoryEngine } from "./metadata/memory-engine.ts";
import type { MetadataStore } from "./metadata/metadata-store.ts";

export interface Stores {
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  readonly metadata: MetadataStore;
  /** Absent: blobs are kept in memory. */
  readonly adopter?: BlobAdopter;
}

/** What of the configuration they depend on. */
export type StoresConfig = Pick<Config, "storage" | "blobDescriptorCache" | "gc" | "readOnly">;

/** Our folder below the configured one, so that it can be shared with a classic registry's tree. */
export function dataFolder(rootDirectory: string): string {
  return resolve(rootDirectory, "stowage");
}

/** Where what lies. */
export function diskPlace(rootDirectory: string): { readonly folder: string; readonly catalogue: string } {
  const folder = dataFolder(rootDirectory);
  return { folder, catalogue: resolve(folder, "metadata") };
}

export interface StoresOptions {
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** Puts clocks around the stores. Absent: nothing is measured. */
  readonly measures?: StoreMeasures | undefined;
  /** False: data of an older version is refused. Absent: it is upgraded. */
  readonly mayUpgrade?: boolean;
  /** Told how an upgrade of the data goes on. Absent: nobody is. */
  readonly tell?: UpgradeOptions["tell"];
  /** Told what could not be upgraded. Absent: nobody is. */
  readonly warn?: UpgradeOptions["warn"];
}

/**
 * Opens the stores, and brings data of an older version to this one. Throws an Error with a message for the operator
 * when that cannot be, as while another process has it open.
 */
export async function openStores(config: StoresConfig, options: StoresOptions): Promise<Stores> {
  const stores = await openAsTheyAre(config, options);
  try {
    const { metadata, blobs } = stores;
    const { gc, readOnly } = config;
    const nobody = () => undefined;
    const told = { tell: options.tell ?? nobody, warn: options.warn ?? nobody };
    const mayUpgrade = options.mayUpgrade !== false && !readOnly;
    await upgradeCatalogue({ metadata, blobs, now: options.now, graceMs: gc.graceMs, mayUpgrade, ...told });
    return stores;
  } catch (error) {
    await closeStores(stores);
    throw error;
  }
}

async function openAsTheyAre(config: StoresConfig, { now, measures }: StoresOptions): Promise<Stores> {
  const { storage } = config;
  const options = { descriptorEntries: config.blobDescriptorCache?.entries ?? "none" } as const;
  if (storage.kind === "memory") {
    const blobs = new MemoryBlobStore();
    const engine = await openMemoryEngine();
    const metadata = new Catalogue(measures?.engine(engine, "inmemory") ?? engine, options);
    const uploads = new MemoryUploadStore({ blobs, now });
    return { ...measured({ blobs, uploads }, "inmemory", measures), metadata };
  }
  const { folder, catalogue } = diskPlace(storage.rootDirectory);
  // Keys that sign tokens lie there: a folder that is made now is nobody else's.
  await makeDataFolder(folder, storage.rootDirectory);
  await demandCatalogue(folder);
  // The catalogue first: its lock keeps a second process away from the files.
  const engine = await LevelEngine.open(catalogue);
  const metadata = new Catalogue(measures?.engine(engine, "leveldb") ?? engine, options);
  try {
    const stores = await openFilesystemStores({ root: folder, now });
    return { ...stores, ...measured(stores, "filesystem", measures), metadata };
  } catch (error) {
    await metadata.close();
    throw error;
  }
}

function measured(
  { blobs, uploads }: Pick<Stores, "blobs" | "uploads">,
  driver: string,
  measures: StoreMeasures | undefined,
): Pick<Stores, "blobs" | "uploads"> {
  if (measures === undefined) return { blobs, uploads };
  return { blobs: measures.blobs(blobs, driver), uploads: measures.uploads(uploads, driver) };
}

export async function closeStores({ blobs, uploads, metadata, adopter }: Stores): Promise<void> {
  await adopter?.close();
  await uploads.close();
  await blobs.close();
  await metadata.close();
}

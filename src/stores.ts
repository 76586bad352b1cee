// Where everything lies: the stores as the configuration names them. The one place
// that makes them, for the server and for commands that work on its data.
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { BlobAdopter } from "./blobs/blob-adopter.ts";
import type { BlobStore } from "./blobs/blob-store.ts";
import { openFilesystemStores } from "./blobs/filesystem-stores.ts";
import { MemoryBlobStore } from "./blobs/memory-blob-store.ts";
import { MemoryUploadStore } from "./blobs/memory-upload-store.ts";
import type { UploadStore } from "./blobs/upload-store.ts";
import type { Config } from "./config/config.ts";
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

export interface StoresOptions {
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
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
  const stores = await openAsTheyAre(config, options.now);
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

async function openAsTheyAre(config: StoresConfig, now: () => number): Promise<Stores> {
  const { storage } = config;
  const options = { descriptorEntries: config.blobDescriptorCache?.entries ?? "none" } as const;
  if (storage.kind === "memory") {
    const blobs = new MemoryBlobStore();
    const metadata = new Catalogue(await openMemoryEngine(), options);
    return { blobs, uploads: new MemoryUploadStore({ blobs, now }), metadata };
  }
  const folder = dataFolder(storage.rootDirectory);
  // Keys that sign tokens lie there: a folder that is made now is nobody else's.
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await demandCatalogue(folder);
  // The catalogue first: its lock keeps a second process away from the files.
  const metadata = new Catalogue(await LevelEngine.open(resolve(folder, "metadata")), options);
  try {
    return { ...(await openFilesystemStores({ root: folder, now })), metadata };
  } catch (error) {
    await metadata.close();
    throw error;
  }
}

export async function closeStores({ blobs, uploads, metadata, adopter }: Stores): Promise<void> {
  await adopter?.close();
  await uploads.close();
  await blobs.close();
  await metadata.close();
}

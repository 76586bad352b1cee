// The fuse box: the only place that opens stores and wires them to the rules and
// the services. What it returns is a whole registry without a network.
import { resolve } from "node:path";
import type { BlobStore } from "./blobs/blob-store.ts";
import { openFilesystemStores } from "./blobs/filesystem-stores.ts";
import { MemoryBlobStore } from "./blobs/memory-blob-store.ts";
import { MemoryUploadStore } from "./blobs/memory-upload-store.ts";
import type { UploadStore } from "./blobs/upload-store.ts";
import type { Config, StorageConfig } from "./config/config.ts";
import { type Core, createCore } from "./core/core.ts";
import { Catalogue } from "./metadata/catalogue.ts";
import { LevelEngine } from "./metadata/level-engine.ts";
import { openMemoryEngine } from "./metadata/memory-engine.ts";
import type { MetadataStore } from "./metadata/metadata-store.ts";
import { createRoutes, type MountServices } from "./rpc/routes.ts";
import type { Logger } from "./telemetry/logger.ts";

/** How often sessions that ended long ago are forgotten, in milliseconds. */
const FORGET_INTERVAL_MS = 15 * 60 * 1000;

export interface RegistryDependencies {
  readonly logger: Logger;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** A new UUID of version 7. */
  readonly newId: () => string;
  /** When an event stream sends a keepalive, in milliseconds. Absent: after 15 seconds. */
  readonly keepaliveMs?: number;
}

export interface Registry {
  /** Mounts the services of stowage.v1. */
  readonly routes: MountServices;
  /** Closes the stores; call it when no request is running any more. */
  readonly close: () => Promise<void>;
}

interface Stores {
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  readonly metadata: MetadataStore;
}

/** Our folder below the configured one, so that it can be shared with a classic registry's tree. */
export function dataFolder(rootDirectory: string): string {
  return resolve(rootDirectory, "stowage");
}

/** Opens a registry; throws an Error with a message for the operator when its data cannot be opened. */
export async function createRegistry(config: Config, dependencies: RegistryDependencies): Promise<Registry> {
  const { logger, now, newId, keepaliveMs } = dependencies;
  const stores = await openStores(config.storage, now);
  try {
    const { deleteEnabled, sparseIndexes } = config;
    const core = createCore({ ...stores, now, newId, options: { deleteEnabled, sparseIndexes } });
    await core.uploads.sweepOrphans();
    const stopForgetting = forgetRegularly(core, logger);
    const report = (error: unknown, method: string) => logger.error({ err: error, method }, "request failed");
    return {
      routes: createRoutes(core, { report, ...(keepaliveMs !== undefined && { keepaliveMs }) }),
      async close() {
        stopForgetting();
        await closeStores(stores);
      },
    };
  } catch (error) {
    await closeStores(stores);
    throw error;
  }
}

async function openStores(storage: StorageConfig, now: () => number): Promise<Stores> {
  if (storage.kind === "memory") {
    const blobs = new MemoryBlobStore();
    const metadata = new Catalogue(await openMemoryEngine());
    return { blobs, uploads: new MemoryUploadStore({ blobs, now }), metadata };
  }
  const folder = dataFolder(storage.rootDirectory);
  // The catalogue first: its lock keeps a second process away from the files.
  const metadata = new Catalogue(await LevelEngine.open(resolve(folder, "metadata")));
  try {
    return { ...(await openFilesystemStores({ root: folder, now })), metadata };
  } catch (error) {
    await metadata.close();
    throw error;
  }
}

async function closeStores({ blobs, uploads, metadata }: Stores): Promise<void> {
  await uploads.close();
  await blobs.close();
  await metadata.close();
}

function forgetRegularly(core: Core, logger: Logger): () => void {
  const forget = () =>
    core.uploads
      .forgetClosed()
      .catch((error: unknown) => logger.warn({ err: error }, "forgetting old uploads failed"));
  const timer = setInterval(() => void forget(), FORGET_INTERVAL_MS);
  timer.unref();
  void forget();
  return () => clearInterval(timer);
}

// Whether the registry's data is well: files can be written and read, there is space
// for more, and the catalogue answers, writes, and is nobody else's.
import { randomBytes } from "node:crypto";
import { open, readFile, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { StorageCheckConfig } from "../config/health.ts";
import { CatalogueLock } from "../metadata/catalogue-lock.ts";
import { catalog } from "../metadata/keys.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { HealthCheck } from "../telemetry/health.ts";

export interface StorageChecksOptions extends StorageCheckConfig {
  readonly metadata: MetadataStore;
  /** Absent: all is in memory. */
  readonly disk?: DiskPlace;
  /** True: nothing is written, also not to check whether it could be. */
  readonly readOnly: boolean;
}

export interface DiskPlace {
  /** Where the blobs lie, and all else. */
  readonly folder: string;
  /** The catalogue's. */
  readonly catalogue: string;
}

/** A disk that takes longer than this for a few bytes is of no use. */
const TIMEOUT_MS = 20_000;

/** How often the space is looked at, at least: a fast upload fills much in ten seconds. */
const SPACE_INTERVAL_MS = 1000;

export function storageChecks(options: StorageChecksOptions): readonly HealthCheck[] {
  const { intervalMs, threshold, disk, readOnly, minFreeBytes } = options;
  const pace = { intervalMs, threshold, timeoutMs: TIMEOUT_MS };
  const catalogue = { ...pace, name: "catalogue", check: catalogueCheck(options) };
  if (disk === undefined) return [catalogue];
  const { folder } = disk;
  const space: HealthCheck = {
    ...pace,
    name: "storage_space",
    intervalMs: Math.min(intervalMs, SPACE_INTERVAL_MS),
    check: spaceCheck(folder, minFreeBytes),
  };
  // As distribution calls it.
  const files = { ...pace, name: "storagedriver_filesystem", check: () => checkFiles(folder) };
  return readOnly ? [catalogue] : [files, space, catalogue];
}

function catalogueCheck({ metadata, disk, readOnly }: StorageChecksOptions): HealthCheck["check"] {
  const lock = disk && new CatalogueLock(disk.catalogue);
  return async () => {
    await metadata.page(catalog, { limit: 1, namesOnly: true });
    // Writes nothing, and waits in line with what does. After a write that failed it finds out whether it would go
    // well again: without requests, which an unready registry hardly gets, nobody else would.
    if (!readOnly) await metadata.commit({ changes: [] });
    // Last: while the catalogue is reopened after such a failure, which the above waits for, nobody has the lock.
    await lock?.check();
  };
}

const PROBE_NAME = "health-probe";
const PROBE_BYTES = 4096;

async function checkFiles(folder: string): Promise<void> {
  const path = join(folder, PROBE_NAME);
  const written = randomBytes(PROBE_BYTES);
  try {
    const file = await open(path, "w", 0o600);
    try {
      await file.writeFile(written);
      await file.sync();
    } finally {
      await file.close();
    }
    const found = await readFile(path);
    if (!written.equals(found)) throw new Error(`${path} does not hold what was just written to it`);
  } finally {
    await rm(path, { force: true });
  }
}

/** Each blob, and each upload under way, is a file or more. */
const MIN_FREE_FILES = 1000;

/** So much more than the least must be free before it is well again: uploads that fail give back what they took. */
const RECOVERED = 1.25;

function spaceCheck(folder: string, minFreeBytes: number): HealthCheck["check"] {
  let isLow = false;
  return async () => {
    const { bavail, bsize, ffree, files } = await statfs(folder);
    const free = bavail * bsize;
    const needed = isLow ? minFreeBytes * RECOVERED : minFreeBytes;
    isLow = free < needed;
    if (isLow) throw new Error(lowSpace(free, minFreeBytes));
    // File systems without such a limit say 0 of 0.
    if (files > 0 && ffree < MIN_FREE_FILES)
      throw new Error(`the disk has room for ${ffree} more files only, although it has space for bytes`);
  };
}

function lowSpace(free: number, minFreeBytes: number): string {
  const least = `health.storagedriver.minfree is ${mebibytes(minFreeBytes)}`;
  const again =
    free < minFreeBytes ? "" : `; it is well again from ${mebibytes(minFreeBytes * RECOVERED)} on`;
  return `the disk is nearly full: ${mebibytes(free)} are free, and ${least}${again}`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

// What lies in the directories of the cellar and has no place in the tree that
// paths.ts draws: leftovers of a crash, files that somebody put there.
import { basename, join, relative } from "node:path";
import { DIGEST_ALGORITHMS, isDigest } from "../oci/digest.ts";
import type { Stray } from "./blob-inspection.ts";
import { listDirectory, lstatPath, removeDirectory, unlinkPath } from "./file-io.ts";
import { isShardName, temporaryDirectory, uploadsDirectory } from "./paths.ts";
import { isSystemError } from "./storage-errors.ts";
import { isUploadId } from "./upload-id.ts";

type Names = AsyncGenerator<string, void, undefined>;

/** All strays below the root of a cellar. */
export async function* findStrays(root: string): AsyncGenerator<Stray, void, undefined> {
  for await (const path of strayPaths(root)) {
    const stray = await describe(root, path);
    if (stray !== undefined) yield stray;
  }
}

/** Removes the stray with this path below the root. False when it is gone, or is a directory with something in it. */
export async function removeStray(root: string, path: string): Promise<boolean> {
  const full = join(root, path);
  try {
    if ((await lstatPath(full)).isDirectory()) await removeDirectory(full);
    else await unlinkPath(full);
    return true;
  } catch (error) {
    if (["ENOENT", "ENOTEMPTY", "EEXIST"].some((code) => isSystemError(error, code))) return false;
    throw error;
  }
}

async function* strayPaths(root: string): Names {
  const blobs = join(root, "blobs");
  yield* namesThat(blobs, (name) => !(name in DIGEST_ALGORITHMS));
  for (const algorithm of Object.keys(DIGEST_ALGORITHMS)) yield* strayShards(join(blobs, algorithm));
  yield* namesThat(uploadsDirectory(root), (name) => !isUploadId(name));
  yield* namesThat(temporaryDirectory(root), () => true);
}

async function* strayShards(directory: string): Names {
  for (const shard of await listIfThere(directory)) {
    const path = join(directory, shard);
    if (!isShardName(shard)) yield path;
    else yield* namesThat(path, (name) => !belongs({ algorithm: basename(directory), shard, name }));
  }
}

function belongs(file: {
  readonly algorithm: string;
  readonly shard: string;
  readonly name: string;
}): boolean {
  return isDigest(`${file.algorithm}:${file.name}`) && file.name.startsWith(file.shard);
}

async function* namesThat(directory: string, test: (name: string) => boolean): Names {
  for (const name of await listIfThere(directory)) if (test(name)) yield join(directory, name);
}

async function listIfThere(directory: string): Promise<readonly string[]> {
  try {
    return await listDirectory(directory);
  } catch (error) {
    if (isSystemError(error, "ENOENT") || isSystemError(error, "ENOTDIR")) return [];
    throw error;
  }
}

async function describe(root: string, path: string): Promise<Stray | undefined> {
  try {
    const { size, mtimeMs, ctimeMs } = await lstatPath(path);
    return { path: relative(root, path), size, changeTime: Math.max(mtimeMs, ctimeMs) };
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
}

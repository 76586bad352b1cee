// What lies in the directories of the cellar and has no place in the tree that
// paths.ts draws: leftovers of a crash, files that somebody put there.
import { basename, dirname, join, relative } from "node:path";
import { DIGEST_ALGORITHMS, type Digest, isDigest } from "../oci/digest.ts";
import type { Stray } from "./blob-inspection.ts";
import { listDirectory, listEntries, lstatPath, removeDirectory, unlinkPath } from "./file-io.ts";
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
  yield* foreign(uploadsDirectory(root), isUploadId);
  yield* namesThat(temporaryDirectory(root), () => true);
}

async function* strayShards(directory: string): Names {
  for (const shard of await ifThere(listDirectory(directory))) {
    const path = join(directory, shard);
    if (!isShardName(shard)) {
      yield path;
      continue;
    }
    const isBlob = (name: string) => belongs({ algorithm: basename(directory), shard, name });
    yield* namesThat(path, (name) => !isBlob(name));
    yield* foreign(path, isBlob);
  }
}

/** What has the name of a file of ours and is none: a directory, a socket. Links lead to files, or to nothing. */
async function* foreign(directory: string, test: (name: string) => boolean): Names {
  for (const entry of await ifThere(listEntries(directory)))
    if (!entry.isFile() && !entry.isSymbolicLink() && test(entry.name)) yield join(directory, entry.name);
}

function belongs(file: {
  readonly algorithm: string;
  readonly shard: string;
  readonly name: string;
}): boolean {
  return isDigest(`${file.algorithm}:${file.name}`) && file.name.startsWith(file.shard);
}

async function* namesThat(directory: string, test: (name: string) => boolean): Names {
  for (const name of await ifThere(listDirectory(directory))) if (test(name)) yield join(directory, name);
}

async function ifThere<T>(listing: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await listing;
  } catch (error) {
    if (isSystemError(error, "ENOENT") || isSystemError(error, "ENOTDIR")) return [];
    throw error;
  }
}

/** The blob whose path below some root it is. */
function digestOf(path: string): Digest | undefined {
  const shard = dirname(path);
  const [algorithm, name] = [basename(dirname(shard)), basename(path)];
  const digest = `${algorithm}:${name}`;
  return isDigest(digest) && belongs({ algorithm, shard: basename(shard), name }) ? digest : undefined;
}

async function describe(root: string, path: string): Promise<Stray | undefined> {
  try {
    const stats = await lstatPath(path);
    const { size, mtimeMs, ctimeMs } = stats;
    const digest = digestOf(path);
    return {
      path: relative(root, path),
      size,
      changeTime: Math.max(mtimeMs, ctimeMs),
      isFile: stats.isFile() || stats.isSymbolicLink(),
      ...(digest !== undefined && { digest }),
    };
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
}

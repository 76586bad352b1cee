// Where the blob files stand. A file gets on the shelf whole and synced, in one
// step, and what the shelf has said is durable.
import { dirname, join } from "node:path";
import type { Digest } from "../oci/digest.ts";
import { linkPath, listDirectory, renamePath, statPath, unlinkPath } from "./file-io.ts";
import { ALGORITHM_DIRECTORIES, blobPath, shardOf, temporaryDirectory } from "./paths.ts";
import { SmallFiles } from "./small-files.ts";
import { isSystemError } from "./storage-errors.ts";
import { makeDirectories, SyncedDirectory } from "./synced-directory.ts";

/** A synced file that is to become a blob. */
export interface BlobCandidate {
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
}

export class BlobShelf {
  readonly #root: string;
  readonly #smallFiles = new SmallFiles();
  readonly #directories = new Map<string, Promise<SyncedDirectory>>();
  #temporaryFiles = 0;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Makes the directories that are missing and removes what a crash left half done. */
  static async open(root: string): Promise<BlobShelf> {
    const temporary = temporaryDirectory(root);
    const directories = ALGORITHM_DIRECTORIES.map((directory) => join(root, directory));
    await makeDirectories([temporary, ...directories]);
    for (const name of await listDirectory(temporary)) await unlinkPath(join(temporary, name));
    return new BlobShelf(root);
  }

  pathOf(digest: Digest): string {
    return blobPath(this.#root, digest);
  }

  /** A path on the same filesystem that nobody else has got. What is there after a crash is removed. */
  newTemporaryPath(): string {
    this.#temporaryFiles += 1;
    return join(temporaryDirectory(this.#root), String(this.#temporaryFiles));
  }

  /** The blob's size, or undefined when it is not here. */
  async stat(digest: Digest): Promise<number | undefined> {
    try {
      return (await statPath(this.pathOf(digest))).size;
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  /** Makes the file a blob; it keeps its own name too. What is here already stays, if it has the size. */
  async link(candidate: BlobCandidate): Promise<void> {
    const shard = await this.#shard(candidate.digest);
    try {
      await linkPath(candidate.path, this.pathOf(candidate.digest));
    } catch (error) {
      if (!isSystemError(error, "EEXIST")) throw error;
      if ((await this.stat(candidate.digest)) !== candidate.size) await this.#replace(candidate);
    }
    shard.changed();
    await shard.sync();
  }

  /** Makes the file a blob; it loses its own name. What is here already is replaced. */
  async move(candidate: BlobCandidate): Promise<void> {
    const shard = await this.#shard(candidate.digest);
    await renamePath(candidate.path, this.pathOf(candidate.digest));
    shard.changed();
    await shard.sync();
  }

  /** Makes a small content a blob. What is here already stays, if it has the size. */
  async keep(digest: Digest, content: Uint8Array): Promise<void> {
    const { path: directory } = await this.#shard(digest);
    const temporaryPath = this.newTemporaryPath();
    await this.#smallFiles.write({ path: this.pathOf(digest), temporaryPath, directory, content });
  }

  /** False when it was not here. */
  async remove(digest: Digest): Promise<boolean> {
    try {
      await unlinkPath(this.pathOf(digest));
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return false;
      throw error;
    }
    const shard = await this.#shard(digest);
    shard.changed();
    await shard.sync();
    return true;
  }

  /** Resolves when what stat has said of the blob is durable. */
  async sync(digest: Digest): Promise<void> {
    await (await this.#shard(digest)).sync();
  }

  async close(): Promise<void> {
    await this.#smallFiles.close();
    const directories = await Promise.allSettled(this.#directories.values());
    this.#directories.clear();
    for (const opened of directories) if (opened.status === "fulfilled") await opened.value.close();
  }

  /** A blob of the wrong size is damaged: the whole one takes its place. */
  async #replace(candidate: BlobCandidate): Promise<void> {
    const temporary = this.newTemporaryPath();
    await linkPath(candidate.path, temporary);
    await renamePath(temporary, this.pathOf(candidate.digest));
  }

  /** Directories stay open: fsync needs one for each blob that comes or goes. */
  #shard(digest: Digest): Promise<SyncedDirectory> {
    return this.#open(shardOf(digest));
  }

  #open(name: string): Promise<SyncedDirectory> {
    const known = this.#directories.get(name);
    if (known !== undefined) return known;
    const opening = ALGORITHM_DIRECTORIES.includes(name)
      ? SyncedDirectory.open(join(this.#root, name))
      : this.#openShard(name);
    this.#directories.set(name, opening);
    opening.catch(() => this.#directories.delete(name));
    return opening;
  }

  /** Shards are made when their first blob comes. */
  async #openShard(name: string): Promise<SyncedDirectory> {
    const parent = await this.#open(dirname(name));
    const shard = await SyncedDirectory.openOrMake(join(this.#root, name), parent);
    await parent.sync();
    return shard;
  }
}

// Where the blob files stand. A file gets on the shelf whole and synced, in one
// step, and what the shelf has said is durable.
import { dirname, join } from "node:path";
import type { Digest } from "../oci/digest.ts";
import type { StoredBlob } from "./blob-inspection.ts";
import { linkPath, listEntries, renamePath, statPath, unlinkPath } from "./file-io.ts";
import {
  ALGORITHM_DIRECTORIES,
  blobPath,
  QUARANTINE,
  quarantinePath,
  shardOf,
  temporaryDirectory,
} from "./paths.ts";
import { SmallFiles } from "./small-files.ts";
import { isSystemError } from "./storage-errors.ts";
import { makeDirectories, SyncedDirectory } from "./synced-directory.ts";

/** A synced file that is to become a blob. */
export interface BlobCandidate {
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
}

/** Directories that are made when the shelf is opened. */
const LASTING_DIRECTORIES = [...ALGORITHM_DIRECTORIES, QUARANTINE];

/** What renaming says where one of both is a directory. */
const IN_THE_WAY = ["EISDIR", "ENOTDIR", "ENOTEMPTY", "EEXIST"];

export class BlobShelf {
  readonly #root: string;
  readonly #smallFiles = new SmallFiles();
  readonly #directories = new Map<string, Promise<SyncedDirectory>>();
  #temporaryFiles = 0;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Makes the directories that are missing and removes what a crash left half done. It leaves no directories: whose they are is not known. */
  static async open(root: string): Promise<BlobShelf> {
    const temporary = temporaryDirectory(root);
    const directories = LASTING_DIRECTORIES.map((directory) => join(root, directory));
    await makeDirectories([temporary, ...directories]);
    for (const entry of await listEntries(temporary))
      if (!entry.isDirectory()) await unlinkPath(join(temporary, entry.name));
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
    const lying = await this.inspect(digest);
    return lying?.isFile === true ? lying.size : undefined;
  }

  /** The blob's file as it is now, or undefined when it is not here. */
  async inspect(digest: Digest): Promise<StoredBlob | undefined> {
    try {
      const stats = await statPath(this.pathOf(digest));
      const { size, mtimeMs, ctimeMs, ino } = stats;
      const version = `${ino} ${mtimeMs} ${size}`;
      return { size, changeTime: Math.max(mtimeMs, ctimeMs), version, isFile: stats.isFile() };
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  /**
   * Makes the file a blob; it keeps its own name too. What is here already is replaced: whether its bytes are still
   * what they were is not known, and those of the file are.
   */
  async link(candidate: BlobCandidate): Promise<void> {
    const shard = await this.#shard(candidate.digest);
    try {
      await linkPath(candidate.path, this.pathOf(candidate.digest));
    } catch (error) {
      if (!isSystemError(error, "EEXIST")) throw error;
      await this.#replace(candidate);
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

  /** Makes a small content a blob. What is here already stays, if it is the same. */
  async keep(digest: Digest, content: Uint8Array): Promise<void> {
    const { path: directory } = await this.#shard(digest);
    const temporaryPath = this.newTemporaryPath();
    await this.#smallFiles.write({ path: this.pathOf(digest), temporaryPath, directory, content });
  }

  /** False when it was not here. Durable after the next syncAll. */
  async remove(digest: Digest): Promise<boolean> {
    const shard = await this.#shard(digest);
    try {
      await unlinkPath(this.pathOf(digest));
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return false;
      throw error;
    }
    shard.changed();
    return true;
  }

  /** Resolves when all that came and went is durable. One directory at a time: nobody waits for it. */
  async syncAll(): Promise<void> {
    for (const opening of [...this.#directories.values()]) await (await opening).sync();
  }

  /** Puts the blob's file aside. False when it was not here. */
  async quarantine(digest: Digest): Promise<boolean> {
    const aside = await this.#open(QUARANTINE);
    const shard = await this.#shard(digest);
    try {
      await this.#putAside(digest);
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return false;
      throw error;
    }
    aside.changed();
    shard.changed();
    await Promise.all([aside.sync(), shard.sync()]);
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

  /** Files take the place of files; beside a directory that was put aside, or for one, there is another name. */
  async #putAside(digest: Digest): Promise<void> {
    const aside = quarantinePath(this.#root, digest);
    try {
      await renamePath(this.pathOf(digest), aside);
    } catch (error) {
      if (!IN_THE_WAY.some((code) => isSystemError(error, code))) throw error;
      const { ino } = await statPath(this.pathOf(digest));
      await renamePath(this.pathOf(digest), `${aside}-${ino}`);
    }
  }

  /** In one step, so that the blob is there at every moment. */
  async #replace(candidate: BlobCandidate): Promise<void> {
    const temporary = this.newTemporaryPath();
    await linkPath(candidate.path, temporary);
    await renamePath(temporary, this.pathOf(candidate.digest));
    // Where both are names of one file already, as after a crash, renaming leaves both.
    await unlinkPath(temporary).catch((error: unknown) => {
      if (!isSystemError(error, "ENOENT")) throw error;
    });
  }

  /** Directories stay open: fsync needs one for each blob that comes or goes. */
  #shard(digest: Digest): Promise<SyncedDirectory> {
    return this.#open(shardOf(digest));
  }

  #open(name: string): Promise<SyncedDirectory> {
    const known = this.#directories.get(name);
    if (known !== undefined) return known;
    const opening = LASTING_DIRECTORIES.includes(name)
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

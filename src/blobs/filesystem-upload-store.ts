// Uploads as files (paths.ts draws the tree). A commit gives the file a second name
// among the blobs, so that no byte is copied and a crash in between loses nothing.
import { type Digest, type DigestAlgorithm, digestAlgorithm } from "../oci/digest.ts";
import { BackgroundSyncs } from "./background-syncs.ts";
import type { BlobShelf } from "./blob-shelf.ts";
import type { BlobStore } from "./blob-store.ts";
import type { BufferPool } from "./buffer-pool.ts";
import { listEntries, statPath, unlinkPath } from "./file-io.ts";
import { SMALL_FILE_SIZE } from "./filesystem-blob-store.ts";
import { GatheringWriter } from "./gathering-writer.ts";
import { IdleUploads } from "./idle-uploads.ts";
import { RecentIds } from "./recent-ids.ts";
import { gatherSmall } from "./small-content.ts";
import { isSystemError } from "./storage-errors.ts";
import type { SyncedDirectory } from "./synced-directory.ts";
import { checkDigest, checkOffset, emptyDigest, isContentOf, ofSize } from "./upload-checks.ts";
import { UploadFile, type UploadFileResources } from "./upload-file.ts";
import { checkUploadId, isUploadId } from "./upload-id.ts";
import { UploadLock } from "./upload-lock.ts";
import type { FinishedUpload, UploadStore, WriteOptions } from "./upload-store.ts";

/** How many uploads are remembered to be new. */
const MAX_NEW = 10_000;

/** An upload and where its file is, if it has one. */
interface NamedFile {
  readonly id: string;
  readonly path: string;
}

/** What the store is made of; openFilesystemStores puts it together. */
export interface FilesystemUploadStoreParts {
  readonly directory: SyncedDirectory;
  readonly blobs: BlobStore;
  readonly shelf: BlobShelf;
  readonly pool: BufferPool;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
}

export class FilesystemUploadStore implements UploadStore {
  readonly #directory: SyncedDirectory;
  readonly #blobs: BlobStore;
  readonly #shelf: BlobShelf;
  readonly #resources: UploadFileResources;
  readonly #lock: UploadLock;
  readonly #now: () => number;
  readonly #idle = new IdleUploads();
  /** Uploads of this process that have no file yet. Only a hint: it may be forgotten. */
  readonly #new = new RecentIds(MAX_NEW);

  constructor(parts: FilesystemUploadStoreParts) {
    this.#directory = parts.directory;
    this.#blobs = parts.blobs;
    this.#shelf = parts.shelf;
    this.#resources = { pool: parts.pool, syncs: new BackgroundSyncs(), direct: { possible: true } };
    this.#lock = new UploadLock(parts.now);
    this.#now = parts.now;
  }

  async size(id: string): Promise<number> {
    const path = this.#pathOf(id);
    return this.#idle.get(id)?.size ?? ignoringMissing(async () => (await statPath(path)).size, 0);
  }

  async lastWrite(id: string): Promise<number | undefined> {
    const path = this.#pathOf(id);
    return this.#lock.isHeld(id) ? this.#now() : lastChange(path);
  }

  begin(id: string): void {
    this.#new.add(id);
  }

  async write(id: string, options: WriteOptions, chunks: AsyncIterable<Uint8Array>): Promise<number> {
    const path = this.#pathOf(id);
    return this.#lock.hold(id, () => this.#write({ id, path }, options, ofSize(chunks, options.size)));
  }

  async commit(id: string, digest: Digest): Promise<number> {
    const path = this.#pathOf(id);
    return this.#lock.hold(id, () => this.#commit({ id, path }, digest));
  }

  async finish(
    id: string,
    options: WriteOptions,
    digest: Digest,
    chunks: AsyncIterable<Uint8Array>,
  ): Promise<FinishedUpload> {
    const path = this.#pathOf(id);
    return this.#lock.hold(id, async () => {
      let rest: AsyncIterable<Uint8Array> = ofSize(chunks, options.size);
      if (this.#new.has(id)) {
        checkOffset(id, 0, options);
        const start = await gatherSmall(rest, SMALL_FILE_SIZE);
        if (start.whole !== undefined && isContentOf(digest, start.whole)) {
          await this.#blobs.put(digest, start.whole);
          this.#new.delete(id);
          return { size: start.whole.length, remains: false };
        }
        rest = start.chunks;
      }
      await this.#write({ id, path }, options, rest);
      return { size: await this.#commit({ id, path }, digest), remains: true };
    });
  }

  async discard(id: string): Promise<void> {
    const path = this.#pathOf(id);
    return this.#lock.hold(id, () => this.#discard({ id, path }));
  }

  async discardWhere(
    id: string,
    isOver: (lastWrite: number | undefined) => boolean | Promise<boolean>,
  ): Promise<boolean> {
    const path = this.#pathOf(id);
    return this.#lock.hold(id, async () => {
      if (!(await isOver(await lastChange(path)))) return false;
      await this.#discard({ id, path });
      return true;
    });
  }

  async *list(): AsyncGenerator<string, void, undefined> {
    // Directories and the like were put there by another hand: they are strays.
    for (const entry of await listEntries(this.#directory.path))
      if (entry.isFile() && isUploadId(entry.name)) yield entry.name;
  }

  async close(): Promise<void> {
    await this.#idle.close();
    await this.#directory.close();
  }

  /** Resolves to the new size. */
  async #write(upload: NamedFile, options: WriteOptions, chunks: AsyncIterable<Uint8Array>): Promise<number> {
    const { id, path } = upload;
    this.#new.delete(id);
    const file = this.#idle.take(id) ?? (await this.#openToWrite(path, options.algorithm));
    try {
      checkOffset(id, file.size, options);
      await this.#append(file, chunks);
      return file.size;
    } finally {
      await this.#putBack(id, file);
    }
  }

  /** Resolves to the blob's size. */
  async #commit({ id, path }: NamedFile, digest: Digest): Promise<number> {
    const file = this.#idle.take(id) ?? (await UploadFile.open(path, this.#resources));
    if (file === undefined) return this.#commitNothing(id, digest);
    try {
      checkDigest(id, { actual: await file.digest(digestAlgorithm(digest)), expected: digest });
      await file.sync();
      file.share();
      await this.#shelf.link({ path, digest, size: file.size });
      return file.size;
    } finally {
      await this.#putBack(id, file);
    }
  }

  async #discard({ id, path }: NamedFile): Promise<void> {
    if (!this.#new.delete(id)) await remove(path, this.#idle.take(id));
  }

  #pathOf(id: string): string {
    checkUploadId(id);
    return `${this.#directory.path}/${id}`;
  }

  async #openToWrite(path: string, algorithm: DigestAlgorithm): Promise<UploadFile> {
    const created = await UploadFile.create(path, algorithm, this.#resources);
    if (created !== undefined) this.#directory.changed();
    const file = created ?? (await UploadFile.open(path, this.#resources));
    if (file === undefined) throw new Error(`upload file ${path} was removed by another hand`);
    return file;
  }

  /** Appends the chunks; when they throw, those before are kept as well as others. */
  async #append(file: UploadFile, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const writer = new GatheringWriter(file, this.#resources.pool);
    try {
      for await (const chunk of chunks) {
        if (file.shared) await this.#unshare(file);
        await writer.add(chunk);
      }
    } catch (error) {
      await this.#finish(file, writer).catch(() => undefined); // the first failure is the one to tell
      throw error;
    }
    await this.#finish(file, writer);
  }

  async #unshare(file: UploadFile): Promise<void> {
    await file.unshare(this.#shelf.newTemporaryPath());
    this.#directory.changed();
  }

  /** Resolves when what came is durable, and also the file's name. */
  async #finish(file: UploadFile, writer: GatheringWriter): Promise<void> {
    try {
      await writer.end();
    } finally {
      await Promise.all([file.sync(), this.#directory.sync()]);
    }
  }

  /** An upload without bytes has no file. */
  #putBack(id: string, file: UploadFile): Promise<void> {
    return file.size > 0 ? this.#idle.keep(id, file) : remove(file.path, file);
  }

  async #commitNothing(id: string, digest: Digest): Promise<number> {
    checkDigest(id, { actual: emptyDigest(digest), expected: digest });
    await this.#blobs.put(digest, new Uint8Array(0));
    return 0;
  }
}

/** Removes the file, if there is one, and closes it, if it is open. */
async function remove(path: string, file: UploadFile | undefined): Promise<void> {
  await Promise.all([ignoringMissing(() => unlinkPath(path), undefined), file?.close()]);
}

/** When the file's bytes last changed, in milliseconds since 1970; undefined when there is no file. */
function lastChange(path: string): Promise<number | undefined> {
  return ignoringMissing<number | undefined>(
    async () => Math.floor((await statPath(path)).mtimeMs),
    undefined,
  );
}

async function ignoringMissing<T>(action: () => Promise<T>, absent: T): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return absent;
    throw error;
  }
}

// An upload's file while it is open: how long it is, how much of it is durable, and
// the digest of its bytes as they pass. After any failure these are still true.
import { constants } from "node:fs";
import { type Digest, type DigestAlgorithm, Digester } from "../oci/digest.ts";
import type { BackgroundSyncs } from "./background-syncs.ts";
import type { BufferPool } from "./buffer-pool.ts";
import { DirectFile, type DirectWriting } from "./direct-file.ts";
import {
  closeFile,
  copyPath,
  openFile,
  renamePath,
  statFile,
  syncData,
  truncateFile,
  unlinkPath,
  writeAt,
} from "./file-io.ts";
import { FileReader } from "./file-reader.ts";
import { isSystemError } from "./storage-errors.ts";

/** A long upload is synced in the background each time it has grown by this many bytes. */
const BACKGROUND_SYNC_SIZE = 8 * 1024 * 1024;

const CREATE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;

/** What all upload files share. */
export interface UploadFileResources {
  readonly pool: BufferPool;
  readonly syncs: BackgroundSyncs;
  readonly direct: DirectWriting;
}

interface UploadFileState {
  readonly path: string;
  readonly fd: number;
  readonly size: number;
  readonly shared: boolean;
}

export class UploadFile {
  readonly path: string;
  readonly #resources: UploadFileResources;
  readonly #direct: DirectFile;
  #fd: number;
  #size: number;
  /** Bytes that stay even if a sync fails. */
  #durableSize: number;
  /** True: a sync is due. A process before this one may have ended before its own. */
  #unsynced = true;
  /** True: some bytes wait in the page cache. */
  #cached = false;
  #digester: Digester | undefined;
  #backgroundSync: Promise<void> | undefined;
  #shared: boolean;

  private constructor(resources: UploadFileResources, state: UploadFileState) {
    this.#resources = resources;
    this.path = state.path;
    this.#direct = new DirectFile(state.path, resources.direct);
    this.#fd = state.fd;
    this.#size = state.size;
    this.#durableSize = state.size;
    this.#shared = state.shared;
  }

  /** A new, empty file; undefined when there is one already. */
  static async create(
    path: string,
    algorithm: DigestAlgorithm,
    resources: UploadFileResources,
  ): Promise<UploadFile | undefined> {
    try {
      const fd = await openFile(path, CREATE);
      const file = new UploadFile(resources, { path, fd, size: 0, shared: false });
      file.#digester = new Digester(algorithm);
      return file;
    } catch (error) {
      if (isSystemError(error, "EEXIST")) return undefined;
      throw error;
    }
  }

  /** The file as it was left; undefined when there is none. */
  static async open(path: string, resources: UploadFileResources): Promise<UploadFile | undefined> {
    try {
      const fd = await openFile(path, "r+");
      const { size, nlink } = await statFile(fd);
      return new UploadFile(resources, { path, fd, size, shared: nlink > 1 });
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  get size(): number {
    return this.#size;
  }

  /** True: the file may be a blob too, so its bytes must not change any more. */
  get shared(): boolean {
    return this.#shared;
  }

  /**
   * Appends all the bytes or, when it throws, none. They are hashed while the disk
   * works. They begin at a page of memory.
   */
  async append(bytes: Uint8Array): Promise<void> {
    try {
      const writing = this.#write(bytes);
      this.#digester?.update(bytes);
      await writing;
      this.#size += bytes.length;
      this.#unsynced = true;
    } catch (error) {
      await this.#cutTo(this.#size);
      throw error;
    }
    this.#syncInBackground();
  }

  /** Resolves when all bytes are durable. When it throws, those that may not be are gone. */
  async sync(): Promise<void> {
    try {
      await this.#backgroundSync;
      await this.#direct.close();
      if (this.#unsynced) await syncData(this.#fd);
      this.#unsynced = false;
      this.#durableSize = this.#size;
    } catch (error) {
      await this.#cutTo(this.#durableSize);
      throw error;
    }
  }

  /** The digest of all bytes; reads them once more where they were not hashed with the algorithm. */
  async digest(algorithm: DigestAlgorithm): Promise<Digest> {
    if (this.#digester?.algorithm !== algorithm) this.#digester = await this.#rehash(algorithm);
    return this.#digester.digest();
  }

  /** To be called before the file gets a second name. */
  share(): void {
    this.#shared = true;
  }

  /** Gives a shared upload a file of its own again. */
  async unshare(temporaryPath: string): Promise<void> {
    const blobFile = this.#fd;
    this.#fd = await this.#copyTo(temporaryPath);
    this.#shared = false;
    await this.#direct.close();
    await closeFile(blobFile);
  }

  async close(): Promise<void> {
    await this.#backgroundSync?.catch(() => undefined);
    await this.#direct.close();
    await closeFile(this.#fd);
  }

  /** Full buffers go past the page cache, the rest through it. */
  async #write(bytes: Uint8Array): Promise<void> {
    const isFull = bytes.length === this.#resources.pool.size;
    if (isFull && (await this.#direct.write(bytes, this.#size))) return;
    await writeAt(this.#fd, bytes, this.#size);
    this.#cached = true;
  }

  /** The end of a long upload should not wait for all of it. */
  #syncInBackground(): void {
    const size = this.#size;
    if (
      !this.#cached ||
      this.#backgroundSync !== undefined ||
      size - this.#durableSize < BACKGROUND_SYNC_SIZE
    )
      return;
    const syncing = this.#resources.syncs.start(() => syncData(this.#fd));
    this.#cached = false;
    this.#backgroundSync = syncing?.then(() => {
      this.#durableSize = size;
      this.#backgroundSync = undefined;
    });
    this.#backgroundSync?.catch(() => undefined); // sync throws it
  }

  /** Drops the bytes behind this size, as well as that is possible. */
  async #cutTo(size: number): Promise<void> {
    await this.#backgroundSync?.catch(() => undefined);
    this.#digester = undefined;
    this.#backgroundSync = undefined;
    this.#size = size;
    this.#durableSize = Math.min(this.#durableSize, size);
    await truncateFile(this.#fd, size).catch(() => undefined);
  }

  /** Puts a durable copy in the file's place and resolves to its descriptor. */
  async #copyTo(temporaryPath: string): Promise<number> {
    let copy: number | undefined;
    try {
      await copyPath(this.path, temporaryPath);
      copy = await openFile(temporaryPath, "r+");
      await syncData(copy);
      await renamePath(temporaryPath, this.path);
      return copy;
    } catch (error) {
      if (copy !== undefined) await closeFile(copy);
      await unlinkPath(temporaryPath).catch(() => undefined); // it may not be there; the next start removes it otherwise
      throw error;
    }
  }

  async #rehash(algorithm: DigestAlgorithm): Promise<Digester> {
    const digester = new Digester(algorithm);
    const reader = new FileReader(this.#fd); // not closed: the file stays open
    for await (const chunk of reader.chunks({ offset: 0, length: this.#size }, this.#resources.pool))
      digester.update(chunk);
    return digester;
  }
}

// Blobs as files, one each (paths.ts draws the tree). Bytes are durable before they
// have a name, and what is being read stays readable when it is deleted meanwhile.
import { basename, dirname, join } from "node:path";
import { type Digest, digestAlgorithm, isDigest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import type { StoredBlob, Stray } from "./blob-inspection.ts";
import type { BlobShelf } from "./blob-shelf.ts";
import type { BlobStore, ByteRange, ListedBlob } from "./blob-store.ts";
import type { BufferPool } from "./buffer-pool.ts";
import { closeFile, listDirectory, openFile, statPath, syncData, unlinkPath, writeAt } from "./file-io.ts";
import { FileReader } from "./file-reader.ts";
import { FRESH_BLOB_SIZE, FRESH_BYTES, HOT_BLOB_SIZE, HotBlobs, READ_BYTES } from "./hot-blobs.ts";
import { ALGORITHM_DIRECTORIES, isShardName } from "./paths.ts";
import { findStrays, removeStray } from "./strays.ts";

/** Up to this size a content is handed to another thread whole. In bytes. */
export const SMALL_FILE_SIZE = 64 * 1024;

/** How many files list describes at once. */
const LIST_BATCH = 16;

export class FilesystemBlobStore implements BlobStore {
  readonly #root: string;
  readonly #shelf: BlobShelf;
  readonly #pool: BufferPool;
  readonly #hot = new HotBlobs(READ_BYTES);
  readonly #fresh = new HotBlobs(FRESH_BYTES);

  /** Made by openFilesystemStores. */
  constructor(parts: { readonly root: string; readonly shelf: BlobShelf; readonly pool: BufferPool }) {
    this.#root = parts.root;
    this.#shelf = parts.shelf;
    this.#pool = parts.pool;
  }

  async stat(digest: Digest): Promise<number | undefined> {
    return this.#hot.get(digest)?.length ?? this.#shelf.stat(digest);
  }

  async *read(
    digest: Digest,
    range: ByteRange,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    signal?.throwIfAborted();
    const hot = this.#hot.get(digest);
    if (hot !== undefined) yield* part(hot, digest, range);
    else yield* this.#readFile(digest, range, signal);
  }

  async get(digest: Digest): Promise<Uint8Array | undefined> {
    const hot = this.#hot.get(digest) ?? this.#fresh.get(digest);
    if (hot !== undefined) return Uint8Array.from(hot);
    return this.#readWhole(digest);
  }

  async put(digest: Digest, content: Uint8Array): Promise<void> {
    if (content.length <= SMALL_FILE_SIZE) return this.#putSmall(digest, content);
    if (await this.#holds(digest, content)) return this.#shelf.sync(digest);
    const path = this.#shelf.newTemporaryPath();
    try {
      await writeDurably(path, content);
      await this.#shelf.move({ path, digest, size: content.length });
    } catch (error) {
      await unlinkPath(path).catch(() => undefined); // it may not be there; the next start removes it otherwise
      throw error;
    }
  }

  async delete(digest: Digest): Promise<boolean> {
    this.#forget(digest);
    try {
      return await this.#shelf.remove(digest);
    } finally {
      this.#forget(digest);
    }
  }

  sync(): Promise<void> {
    return this.#shelf.syncAll();
  }

  async #putSmall(digest: Digest, content: Uint8Array): Promise<void> {
    const keep = content.length <= FRESH_BLOB_SIZE ? this.#fresh.expect(digest) : undefined;
    await this.#shelf.keep(digest, content);
    keep?.(Uint8Array.from(content)); // the caller may fill its buffer again
  }

  /** To be called before its file goes and again afterwards. */
  #forget(digest: Digest): void {
    this.#hot.forget(digest);
    this.#fresh.forget(digest);
  }

  async *list(): AsyncGenerator<ListedBlob, void, undefined> {
    for (const algorithm of ALGORITHM_DIRECTORIES) {
      const names = await listDirectory(join(this.#root, algorithm));
      for (const name of names.filter(isShardName)) yield* this.#listShard(join(algorithm, name));
    }
  }

  inspect(digest: Digest): Promise<StoredBlob | undefined> {
    return this.#shelf.inspect(digest);
  }

  async *readStored(digest: Digest, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const file = await FileReader.open(this.#shelf.pathOf(digest));
    if (file === undefined) throw blobUnknown(digest);
    try {
      for await (const chunk of file.chunks({ offset: 0, length: await file.size() }, this.#pool)) {
        signal?.throwIfAborted();
        yield chunk;
      }
    } finally {
      await file.close();
    }
  }

  async quarantine(digest: Digest): Promise<boolean> {
    this.#forget(digest);
    try {
      return await this.#shelf.quarantine(digest);
    } finally {
      this.#forget(digest);
    }
  }

  strays(): AsyncGenerator<Stray, void, undefined> {
    return findStrays(this.#root);
  }

  removeStray(path: string): Promise<boolean> {
    return removeStray(this.#root, path);
  }

  close(): Promise<void> {
    return this.#shelf.close();
  }

  async #readWhole(digest: Digest): Promise<Buffer | undefined> {
    const file = await FileReader.open(this.#shelf.pathOf(digest));
    try {
      return await file?.readWhole({ offset: 0, length: await file.size() });
    } finally {
      await file?.close();
    }
  }

  /** True: it is there with these very bytes. Its size alone tells nothing of a damaged one. */
  async #holds(digest: Digest, content: Uint8Array): Promise<boolean> {
    if ((await this.#shelf.stat(digest)) !== content.length) return false;
    return (await this.#readWhole(digest))?.equals(content) ?? false;
  }

  async *#listShard(shard: string): AsyncGenerator<ListedBlob, void, undefined> {
    const names = await listDirectory(join(this.#root, shard));
    const digests = names.map((name) => `${basename(dirname(shard))}:${name}`).filter(isDigest);
    for (let first = 0; first < digests.length; first += LIST_BATCH) {
      yield* await this.#describe(digests.slice(first, first + LIST_BATCH));
    }
  }

  async #describe(digests: readonly Digest[]): Promise<ListedBlob[]> {
    const blobs = await Promise.all(
      digests.map(async (digest) => ({ digest, size: await this.#shelf.stat(digest) })),
    );
    return blobs.flatMap(({ digest, size }) => (size === undefined ? [] : [{ digest, size }]));
  }

  /** A disk that is not mounted says nothing about the blobs on it. */
  async #missing(digest: Digest): Promise<RegistryError> {
    const place = join(this.#root, "blobs", digestAlgorithm(digest));
    const isThere = await statPath(place).then(
      () => true,
      () => false,
    );
    return isThere ? blobUnknown(digest) : new RegistryError("UNAVAILABLE");
  }

  async *#readFile(
    digest: Digest,
    range: ByteRange,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const keep = this.#hot.expect(digest);
    const file = await FileReader.open(this.#shelf.pathOf(digest));
    if (file === undefined) throw await this.#missing(digest);
    const stop = () => void file.close().catch(() => undefined);
    signal?.addEventListener("abort", stop);
    try {
      const size = await file.size();
      if (range.size !== undefined && range.size !== size) throw blobUnknown(digest);
      if (size <= HOT_BLOB_SIZE) {
        const content = await file.readWhole({ offset: 0, length: size });
        keep(content);
        await file.close();
        yield* part(content, digest, range);
      } else {
        for await (const chunk of file.chunks(spanOf(digest, range, size), this.#pool)) {
          yield chunk;
          signal?.throwIfAborted();
        }
      }
    } catch (error) {
      signal?.throwIfAborted(); // then the closed file is what failed
      throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
      await file.close();
    }
  }
}

/** The span that the range is of a blob of this size. */
function spanOf(digest: Digest, range: ByteRange, size: number): { offset: number; length: number } {
  const { offset, limit = size } = range;
  if (offset <= size) return { offset, length: Math.min(limit, size - offset) };
  throw new Error(`blob ${digest} has ${size} bytes and ends before byte ${offset}`);
}

function* part(
  content: Uint8Array,
  digest: Digest,
  range: ByteRange,
): Generator<Uint8Array, void, undefined> {
  const { offset, length } = spanOf(digest, range, content.length);
  if (length > 0) yield content.subarray(offset, offset + length);
}

async function writeDurably(path: string, content: Uint8Array): Promise<void> {
  const fd = await openFile(path, "wx");
  try {
    await writeAt(fd, content, 0);
    await syncData(fd);
  } finally {
    await closeFile(fd);
  }
}

function blobUnknown(digest: Digest): RegistryError {
  return new RegistryError("BLOB_UNKNOWN", { digest }, { message: `blob ${digest} is not in the store` });
}

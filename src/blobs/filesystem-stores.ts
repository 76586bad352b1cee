// Opens the cellar on a disk. Only one process at a time may have it open.
import { BlobAdopter } from "./blob-adopter.ts";
import { BlobShelf } from "./blob-shelf.ts";
import { BufferPool } from "./buffer-pool.ts";
import { FilesystemBlobStore } from "./filesystem-blob-store.ts";
import { FilesystemUploadStore } from "./filesystem-upload-store.ts";
import { uploadsDirectory } from "./paths.ts";
import { makeDirectories, SyncedDirectory } from "./synced-directory.ts";

/** In bytes. An upload and a download take two of them each. */
const BUFFER_SIZE = 256 * 1024;

export interface FilesystemStoresOptions {
  /** The directory that holds everything; made when it is missing. */
  readonly root: string;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
}

/** Both stores over one directory. Close the uploads first. */
export interface FilesystemStores {
  readonly blobs: FilesystemBlobStore;
  readonly uploads: FilesystemUploadStore;
  /** Nothing to close unless it was used. */
  readonly adopter: BlobAdopter;
}

export async function openFilesystemStores(options: FilesystemStoresOptions): Promise<FilesystemStores> {
  const { root, now } = options;
  const shelf = await BlobShelf.open(root);
  await makeDirectories([uploadsDirectory(root)]);
  const directory = await SyncedDirectory.open(uploadsDirectory(root));
  const pool = new BufferPool(BUFFER_SIZE);
  const blobs = new FilesystemBlobStore({ root, shelf, pool });
  const uploads = new FilesystemUploadStore({ directory, blobs, shelf, pool, now });
  return { blobs, uploads, adopter: new BlobAdopter(shelf) };
}

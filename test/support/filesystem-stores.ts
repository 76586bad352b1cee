// Filesystem stores in a directory that lasts as long as a test.
import { type FilesystemStores, openFilesystemStores } from "../../src/blobs/filesystem-stores.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "./temporary-directory.ts";

export interface TemporaryStores extends FilesystemStores, AsyncDisposable {
  readonly root: string;
  /** Closes the stores and opens them again, as a restart does. */
  readonly reopen: () => Promise<TemporaryStores>;
  /** Closes the stores and removes the directory. After reopen, either object's close does it. */
  readonly close: () => Promise<void>;
}

/** Opens stores below a new directory, or below a given one, which is then removed by close too. */
export async function openTemporaryStores(directory?: string): Promise<TemporaryStores> {
  const root = directory ?? (await makeTemporaryDirectory());
  let current = await openFilesystemStores({ root, now: Date.now });
  const describe = (): TemporaryStores => ({ ...current, root, reopen, close, [Symbol.asyncDispose]: close });
  const reopen = async (): Promise<TemporaryStores> => {
    await closeStores(current);
    current = await openFilesystemStores({ root, now: Date.now });
    return describe();
  };
  const close = async (): Promise<void> => {
    await closeStores(current);
    await removeTemporaryDirectory(root);
  };
  return describe();
}

async function closeStores({ uploads, blobs, adopter }: FilesystemStores): Promise<void> {
  await adopter.close();
  await uploads.close();
  await blobs.close();
}

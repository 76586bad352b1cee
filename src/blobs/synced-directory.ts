// A directory whose entries survive a power failure once sync has resolved. Those
// who ask at the same time share one fsync, and without a change it costs nothing.
import { dirname } from "node:path";
import { closeFile, makeDirectory, makeOneDirectory, openFile, syncFile } from "./file-io.ts";
import { isSystemError } from "./storage-errors.ts";

export class SyncedDirectory {
  readonly path: string;
  readonly #fd: number;
  #changes = 1; // a process before this one may have left entries that are not synced
  #syncedChanges = 0;
  #syncing: Promise<void> | undefined;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  static async open(path: string): Promise<SyncedDirectory> {
    return new SyncedDirectory(path, await openFile(path, "r"));
  }

  /** Makes the directory when it is missing; sync of the parent makes that durable. */
  static async openOrMake(path: string, parent: SyncedDirectory): Promise<SyncedDirectory> {
    try {
      return await SyncedDirectory.open(path);
    } catch (error) {
      if (!isSystemError(error, "ENOENT")) throw error;
      await makeOneDirectory(path);
      parent.changed();
      return SyncedDirectory.open(path);
    }
  }

  /** To be called when an entry has been made or removed, before sync. */
  changed(): void {
    this.#changes += 1;
  }

  /** Resolves when all changes so far are durable. */
  async sync(): Promise<void> {
    const wanted = this.#changes;
    while (this.#syncedChanges < wanted) {
      this.#syncing ??= this.#sync();
      await this.#syncing;
    }
  }

  async close(): Promise<void> {
    await this.#syncing?.catch(() => undefined);
    await closeFile(this.#fd);
  }

  async #sync(): Promise<void> {
    const changes = this.#changes;
    try {
      await syncFile(this.#fd);
      this.#syncedChanges = changes;
    } finally {
      this.#syncing = undefined;
    }
  }
}

/** Makes the directories that are missing. They are durable when it resolves. */
export async function makeDirectories(paths: readonly string[]): Promise<void> {
  const changed = new Set<string>();
  for (const path of paths) {
    const first = await makeDirectory(path);
    if (first === undefined) continue;
    for (let made = path; made.length >= first.length; made = dirname(made)) changed.add(dirname(made));
  }
  for (const path of changed) await syncDirectory(path);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await SyncedDirectory.open(path);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

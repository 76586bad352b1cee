// A disk of a few megabytes that can be filled and made read-only while files on it are open. Needs the superuser.
import { open, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { run, tryRun } from "../support/run.ts";

const STEP = 64 * 1024;

export class SmallDisk {
  readonly path: string;
  readonly #ballast: string;

  private constructor(path: string) {
    this.path = path;
    this.#ballast = join(path, "ballast");
  }

  /** Mounts the disk at the empty directory; a sentence when that is not allowed here. */
  static async mount(path: string, size: string): Promise<SmallDisk | string> {
    const result = await tryRun(["mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path]);
    return result.code === 0 ? new SmallDisk(path) : `cannot mount a disk here: ${result.stderr.trim()}`;
  }

  /** Takes all the space but this many bytes. */
  async fill(free = 0): Promise<void> {
    const file = await open(this.#ballast, "a");
    try {
      for (let size = STEP; size >= 1024; ) size = (await fits(file, size)) ? size : size / 2;
    } finally {
      await file.close();
    }
    await truncate(this.#ballast, Math.max(0, (await stat(this.#ballast)).size - free));
  }

  /** Gives the space back. */
  async free(): Promise<void> {
    await rm(this.#ballast, { force: true });
  }

  /**
   * Makes a directory on the disk read-only: from now on no file can be opened for writing, made, or removed below
   * it. Files that are open for writing stay so, which is why the disk as a whole cannot be made read-only.
   */
  async protect(directory: string): Promise<void> {
    await run(["mount", "--bind", directory, directory]);
    await run(["mount", "-o", "remount,bind,ro", directory]);
  }

  async unprotect(directory: string): Promise<void> {
    await run(["umount", "--lazy", directory]);
  }

  async unmount(): Promise<void> {
    await run(["umount", "--lazy", this.path]);
  }
}

async function fits(file: Awaited<ReturnType<typeof open>>, size: number): Promise<boolean> {
  try {
    const { bytesWritten } = await file.write(Buffer.alloc(size));
    return bytesWritten === size;
  } catch {
    return false;
  }
}

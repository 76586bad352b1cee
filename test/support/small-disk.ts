// Disks of a few megabytes, for tests of what happens when they are full or read-only.
import { execFileSync } from "node:child_process";
import { mkdir, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError } from "../../src/blobs/storage-errors.ts";

/** The reason why no disk can be mounted here, or false. */
export function whyNoSmallDisk(): string | false {
  try {
    execFileSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], { stdio: "ignore" });
    return false;
  } catch {
    return "mounting a small disk is not permitted here";
  }
}

/** A mounted disk. removeTemporaryDirectory unmounts it. */
export class SmallDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Mounts a disk of this many MiB below the directory. */
  static async mount(directory: string, megabytes: number): Promise<SmallDisk> {
    const path = join(directory, "disk");
    await mkdir(path);
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path]);
    return new SmallDisk(path);
  }

  /** Takes this many bytes away. */
  async fill(bytes: number): Promise<void> {
    await writeFile(join(this.path, "filler"), Buffer.alloc(bytes));
  }

  /** Takes all the space but about so many bytes. */
  async fillUp(free = 0): Promise<void> {
    const { bavail, bsize } = await statfs(this.path);
    try {
      await this.fill(Math.max(0, bavail * bsize - free));
    } catch (error) {
      // Somebody wrote meanwhile: it is as full as it was to be.
      if (!isSystemError(error, "ENOSPC")) throw error;
    }
  }

  /** Gives them back. */
  async empty(): Promise<void> {
    await rm(join(this.path, "filler"));
  }

  setWritable(writable: boolean): void {
    execFileSync("mount", ["-o", `remount,${writable ? "rw" : "ro"}`, this.path]);
  }

  /**
   * From now on no file below the directory can be made, removed, or opened for writing. Those that are open for
   * writing stay so; with such files the whole disk cannot be made read-only.
   */
  protect(directory: string): void {
    execFileSync("mount", ["--bind", directory, directory]);
    execFileSync("mount", ["-o", "remount,bind,ro", directory]);
  }

  unprotect(directory: string): void {
    execFileSync("umount", ["--lazy", directory]);
  }
}

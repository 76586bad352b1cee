// node:fs with promises, for the paths that are walked for each blob: one trip to
// the thread pool per call, no FileHandle. Failures are storageError's.
import fs from "node:fs";
import { storageError } from "./storage-errors.ts";

type Done<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

function call<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) =>
      error === null || error === undefined ? resolve(value) : reject(storageError(error)),
    );
  });
}

function run(start: (done: (error: NodeJS.ErrnoException | null) => void) => void): Promise<void> {
  return call<void>((done) => start((error) => done(error)));
}

export const openFile = (path: string, flags: string | number): Promise<number> =>
  call((done) => fs.open(path, flags, 0o644, done));

export const closeFile = (fd: number): Promise<void> => run((done) => fs.close(fd, done));

export const statPath = (path: string): Promise<fs.Stats> => call((done) => fs.stat(path, done));

/** Of the path itself, where it is a symbolic link. */
export const lstatPath = (path: string): Promise<fs.Stats> => call((done) => fs.lstat(path, done));

export const statFile = (fd: number): Promise<fs.Stats> => call((done) => fs.fstat(fd, done));

export const syncData = (fd: number): Promise<void> => run((done) => fs.fdatasync(fd, done));

export const syncFile = (fd: number): Promise<void> => run((done) => fs.fsync(fd, done));

export const truncateFile = (fd: number, size: number): Promise<void> =>
  run((done) => fs.ftruncate(fd, size, done));

export const linkPath = (from: string, to: string): Promise<void> => run((done) => fs.link(from, to, done));

export const renamePath = (from: string, to: string): Promise<void> =>
  run((done) => fs.rename(from, to, done));

export const unlinkPath = (path: string): Promise<void> => run((done) => fs.unlink(path, done));

/** Removes an empty directory. */
export const removeDirectory = (path: string): Promise<void> => run((done) => fs.rmdir(path, done));

/** With what each of them is. */
export const listEntries = (path: string): Promise<fs.Dirent[]> =>
  call((done) => fs.readdir(path, { withFileTypes: true }, done));

export const listDirectory = (path: string): Promise<string[]> => call((done) => fs.readdir(path, done));

/** Makes the directory and its parents; resolves to the first one that was missing. */
export const makeDirectory = (path: string): Promise<string | undefined> =>
  call((done) => fs.mkdir(path, { recursive: true }, done));

/** Makes one directory. On a read-only disk its recursive sister says ENOENT. */
export const makeOneDirectory = (path: string): Promise<void> => run((done) => fs.mkdir(path, done));

/** Shares the blocks where the filesystem can. */
export const copyPath = (from: string, to: string): Promise<void> =>
  run((done) => fs.copyFile(from, to, fs.constants.COPYFILE_FICLONE, done));

/** Reads at the position, up to the buffer's length, and resolves to the number of bytes; 0 at the end. */
export const readAt = (fd: number, buffer: Uint8Array, position: number): Promise<number> =>
  call((done) => fs.read(fd, buffer, 0, buffer.length, position, done));

/** Writes all the bytes at the position. When it throws, some of them may be there. */
export async function writeAt(fd: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += await writeSome(fd, done === 0 ? bytes : bytes.subarray(done), position + done);
  }
}

function writeSome(fd: number, bytes: Uint8Array, position: number): Promise<number> {
  return call((done) => fs.write(fd, bytes, 0, bytes.length, position, done));
}

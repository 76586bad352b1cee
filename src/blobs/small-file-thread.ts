// Runs in threads of its own (small-files.ts): makes small files durable, with all
// the system calls of one file in a row. One message in, one out.
import fs from "node:fs";
import { parentPort } from "node:worker_threads";
import type { SmallFile, SmallFileFailure } from "./small-files.ts";

/** Directories stay open: each file needs its own synced. */
const directories = new Map<string, number>();

function directoryDescriptor(path: string): number {
  const known = directories.get(path);
  if (known !== undefined) return known;
  const opened = fs.openSync(path, "r");
  directories.set(path, opened);
  return opened;
}

function keep({ path, temporaryPath, directory, content }: SmallFile): void {
  const descriptor = directoryDescriptor(directory);
  if (!holds(path, content)) {
    write(temporaryPath, content);
    fs.renameSync(temporaryPath, path);
  }
  fs.fsyncSync(descriptor);
}

/** True: the file is there with these very bytes. Its size alone tells nothing of a damaged one. */
function holds(path: string, content: Uint8Array): boolean {
  if (fs.statSync(path, { throwIfNoEntry: false })?.size !== content.length) return false;
  return fs.readFileSync(path).equals(content);
}

function write(path: string, content: Uint8Array): void {
  const descriptor = fs.openSync(path, "wx", 0o644);
  try {
    for (let done = 0; done < content.length; ) done += fs.writeSync(descriptor, content, done);
    fs.fdatasyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

function attempt(file: SmallFile): SmallFileFailure | undefined {
  try {
    keep(file);
    return undefined;
  } catch (error) {
    removeQuietly(file.temporaryPath);
    return failure(error);
  }
}

/** What cannot be removed now is removed at the next start. */
function removeQuietly(path: string): void {
  try {
    fs.rmSync(path, { force: true });
  } catch {}
}

function failure(error: unknown): SmallFileFailure {
  if (!(error instanceof Error)) return { code: "", message: String(error) };
  return { code: "code" in error ? String(error.code) : "", message: error.message };
}

parentPort?.on("message", (file: SmallFile | undefined) => {
  if (file !== undefined) parentPort?.postMessage(attempt(file));
  else {
    for (const descriptor of directories.values()) fs.closeSync(descriptor);
    parentPort?.close();
  }
});

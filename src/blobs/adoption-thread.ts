// Runs in threads of its own (adoption-threads.ts): brings a file of somebody else's
// beside the blobs, by hard link or by copying, and reads it through. One message
// in, one out.
import { createHash } from "node:crypto";
import fs from "node:fs";
import { parentPort } from "node:worker_threads";
import type { AdoptionAnswer, AdoptionTask, HashedFile } from "./adoption-threads.ts";

/** Read at once, in bytes: hashing a chunk takes far longer than asking for it. */
const CHUNK = 1024 * 1024;

const chunk = Buffer.allocUnsafeSlow(CHUNK);

function perform(task: AdoptionTask): HashedFile {
  const how = task.source === undefined ? "present" : bring(task.source, task);
  return { ...hash(task), how };
}

/** A link where there can be one: the bytes are there already, and nothing can be removed from under the reader. */
function bring(source: string, { path, copy }: AdoptionTask): "linked" | "copied" {
  if (!copy && isLinked(source, path)) return "linked";
  fs.copyFileSync(source, path, fs.constants.COPYFILE_FICLONE);
  return "copied";
}

/** False: another filesystem, too many links, or a link that must not be made (proc_sys_fs(5), protected_hardlinks). */
function isLinked(source: string, path: string): boolean {
  try {
    fs.linkSync(source, path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") throw error;
    return false;
  }
  // Where the source is a symbolic link, so is its hard link now.
  if (fs.lstatSync(path).isFile()) return true;
  fs.unlinkSync(path);
  return false;
}

/** What was written by others may not have reached the disk yet. */
function hash({ path, algorithm }: AdoptionTask): Omit<HashedFile, "how"> {
  const descriptor = fs.openSync(path, "r");
  try {
    const digester = createHash(algorithm);
    let size = 0;
    for (;;) {
      const count = fs.readSync(descriptor, chunk, 0, CHUNK, size);
      if (count === 0) break;
      digester.update(chunk.subarray(0, count));
      size += count;
    }
    fs.fdatasyncSync(descriptor);
    return { hex: digester.digest("hex"), size };
  } finally {
    fs.closeSync(descriptor);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function answer(task: AdoptionTask): AdoptionAnswer {
  try {
    return { file: perform(task) };
  } catch (error) {
    return {
      failure: { code: codeOf(error), message: error instanceof Error ? error.message : String(error) },
    };
  }
}

parentPort?.on("message", (task: AdoptionTask) => parentPort?.postMessage(answer(task)));

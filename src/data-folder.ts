// The folder of the data, made where there is none; what is in its way is told to whoever chose it.
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

const REASONS: ReadonlyMap<string, string> = new Map([
  ["EACCES", "permission denied"],
  ["EPERM", "permission denied"],
  ["EROFS", "read-only file system"],
  ["ENOTDIR", "it is not a directory, or what it lies in is not"],
  ["EEXIST", "it is not a directory, or what it lies in is not"],
  ["ENOENT", "no directory can be made there"],
  ["ENOSPC", "no space left on the device"],
  ["ENAMETOOLONG", "the path is too long"],
  ["ELOOP", "symbolic links lead in a circle"],
]);

/** Makes `folder`, which nobody else may enter, below the configured one. Throws an Error with a message for the operator. */
export async function makeDataFolder(folder: string, rootDirectory: string): Promise<void> {
  try {
    await makeFolders(folder);
  } catch (cause) {
    const code = codeOf(cause);
    const reason = REASONS.get(code) ?? code;
    const message = `storage.filesystem.rootdirectory ${JSON.stringify(rootDirectory)} cannot be made or written: ${reason}`;
    throw new Error(message, { cause });
  }
}

/** Level by level: mkdir's own recursion never ends where a folder cannot be made in one that is there, as in /proc. */
async function makeFolders(path: string): Promise<void> {
  if (await isFolder(path)) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolders(parent);
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (codeOf(error) !== "EEXIST" || !(await isFolder(path))) throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}

// Directories that last as long as a test. What engines mounted below one is unmounted before it is removed.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./run.ts";

/** Makes an empty directory. Its path is short, because paths of sockets must be. */
export async function makeTemporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), "stowage-"));
}

/** Unmounts and removes everything in the directory, and the directory. */
export async function removeTemporaryDirectory(directory: string): Promise<void> {
  for (const path of await mountedBelow(directory)) await run(["umount", "--lazy", path]);
  await rm(directory, { recursive: true, force: true });
}

/** Innermost first. */
async function mountedBelow(directory: string): Promise<string[]> {
  const mounts = await readFile("/proc/self/mounts", "utf8").catch(() => ""); // not Linux: nothing was mounted
  const paths = mounts.split("\n").map((line) => line.split(" ")[1] ?? "");
  return paths.filter((path) => path.startsWith(`${directory}/`)).reverse();
}

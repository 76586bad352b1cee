// A folder for everything a benchmark writes, and the processes it starts. Both
// are gone when it ends, also when it is interrupted.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs the work in a folder of its own; the signal aborts on Ctrl-C, and the folder is removed in the end. */
export async function inWorkspace(
  parent: string | undefined,
  work: (folder: string, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const interrupt = new AbortController();
  const stop = () => interrupt.abort(new Error("interrupted"));
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, stop);
  const folder = await mkdtemp(join(parent ?? tmpdir(), "stowage-bench-"));
  try {
    await work(folder, interrupt.signal);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
    for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, stop);
  }
}

// Bringing a catalogue back, for commands: from a snapshot, or from the cellar alone.
// The server must not run on the data meanwhile; the catalogue's lock sees to that.
import { createReadStream } from "node:fs";
import type { Config } from "./config/config.ts";
import { type RestoreItem, runRestore } from "./maintenance/backup/restore.ts";
import { runRebuild } from "./maintenance/rebuild/rebuild.ts";
import type { RebuildItem } from "./maintenance/rebuild/rebuild-items.ts";
import { dataFolder } from "./stores.ts";

export type { RestoreItem } from "./maintenance/backup/restore.ts";
export { NOT_REBUILT, type RebuildItem, type RebuildTotals } from "./maintenance/rebuild/rebuild-items.ts";

interface Recovery {
  /** True: a catalogue that can be read is moved aside; it is never deleted. */
  readonly moveAside: boolean;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
}

/** Makes the catalogue again from what lies in the cellar; see runRebuild. */
export function rebuildCatalogue(
  config: Config,
  request: Recovery & { readonly verify: boolean },
  signal: AbortSignal,
): AsyncIterable<RebuildItem> {
  const { trashAgeMs, tagHistoryMs, gc } = config;
  const times = { trashAgeMs, tagHistoryMs, graceMs: gc.graceMs };
  return runRebuild({ ...request, ...times, root: folderOf(config) }, signal);
}

/** Brings back the snapshot in the file; see runRestore. */
export function restoreSnapshot(
  config: Config,
  { file, ...request }: Recovery & { readonly file: string },
  signal: AbortSignal,
): AsyncIterable<RestoreItem> {
  const source = createReadStream(file, { highWaterMark: 1024 * 1024 });
  return runRestore({ ...request, source, root: folderOf(config), graceMs: config.gc.graceMs }, signal);
}

/** The folder whose catalogue is brought back. Throws an Error for a registry that keeps its data in memory. */
export function folderOf({ storage }: Config): string {
  if (storage.kind === "filesystem") return dataFolder(storage.rootDirectory);
  throw new Error("the configured registry keeps its data in memory: there is nothing to bring back");
}

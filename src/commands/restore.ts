// stowage restore: the catalogue from a snapshot.
import { stat } from "node:fs/promises";
import { folderOf, type RestoreItem, restoreSnapshot } from "../recovery.ts";
import { runInterruptible } from "./interruptible.ts";
import { printLines } from "./print.ts";
import { formatCount, formatSize } from "./readable.ts";
import { readNamedConfig } from "./recovery-config.ts";
import { MISSING_ADVICE, restoreLines } from "./recovery-words.ts";
import { CommandEnd, CommandFailure, EXIT, errorCode, type World } from "./world.ts";

export interface RestoreCommandOptions {
  readonly config?: string;
  readonly moveAside?: boolean;
  readonly json?: boolean;
}

type Told = Exclude<RestoreItem, { kind: "progress" }>;

/** So many missing blobs are listed for people. */
const MOST = 20;

/** Throws an Error that says why nothing was restored; ends with a failure when blobs are missing. */
export async function restoreCommand(
  world: World,
  file: string,
  options: RestoreCommandOptions,
): Promise<void> {
  const config = readNamedConfig(world, options.config);
  const folder = folderOf(config);
  await requireFile(file);
  const { moveAside = false, json = false } = options;
  const teller = json ? jsonTeller(world, folder) : peopleTeller(world, folder);
  // It is told once the whole file was found to be good.
  let header: Told | undefined;
  let missing = 0;
  await runInterruptible(
    world,
    (signal) => restoreSnapshot(config, { file, moveAside, now: world.now }, signal),
    async (item, status) => {
      if (item.kind === "progress") return status.show(progressText(item));
      if (item.kind === "header") {
        header = item;
        return;
      }
      await status.clear();
      if (item.kind === "finished") missing = item.missing;
      if (header !== undefined) await teller(header);
      header = undefined;
      await teller(item);
    },
    "unless it said otherwise, the catalogue is as it was",
  );
  if (missing > 0) throw new CommandEnd(EXIT.failure);
}

async function requireFile(file: string): Promise<void> {
  const found = await stat(file).catch((error: unknown) => {
    const code = errorCode(error);
    const message = code === "ENOENT" ? `there is no file ${file}` : `cannot read ${file}: ${code}`;
    throw new CommandFailure(message, { cause: error });
  });
  if (found.isDirectory()) throw new CommandFailure(`${file} is a directory, no snapshot`);
}

function jsonTeller({ out }: World, folder: string): (item: Told) => Promise<void> {
  return (item) => out.write(`${JSON.stringify(item.kind === "header" ? { ...item, folder } : item)}\n`);
}

function peopleTeller({ out }: World, folder: string): (item: Told) => Promise<void> {
  let listed = 0;
  return async (item) => {
    if (item.kind === "header") await printLines(out, [`Working in ${folder}`]);
    if (item.kind === "missing") {
      listed += 1;
      if (listed > MOST) return;
    }
    if (item.kind === "finished" && listed > MOST)
      await printLines(out, [`and ${formatCount(listed - MOST)} more; --json lists them all`]);
    await printLines(out, restoreLines(item));
    if (item.kind === "finished" && item.missing > 0) await printLines(out, MISSING_ADVICE);
  };
}

function progressText({ phase, done, bytes }: Extract<RestoreItem, { kind: "progress" }>): string {
  if (phase === "reading") return `reading: ${formatCount(done)} rows, ${formatSize(bytes)}`;
  return `comparing with the stored blobs: ${formatCount(done)}`;
}

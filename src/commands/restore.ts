// stowage restore: the catalogue from a snapshot.
import { type RestoreItem, restoreSnapshot } from "../recovery.ts";
import { runInterruptible } from "./interruptible.ts";
import { printLines } from "./print.ts";
import { readConfig } from "./read-config.ts";
import { formatCount, formatSize } from "./readable.ts";
import { restoreLines } from "./recovery-words.ts";
import { CommandEnd, EXIT, type World } from "./world.ts";

export interface RestoreCommandOptions {
  readonly config?: string;
  readonly moveAside?: boolean;
  readonly strict?: boolean;
  readonly json?: boolean;
}

/** Throws an Error that says why nothing was restored; with --strict it ends with a failure when blobs are missing. */
export async function restoreCommand(
  world: World,
  file: string,
  options: RestoreCommandOptions,
): Promise<void> {
  const { config } = readConfig(world, options.config);
  const { moveAside = false, strict = false, json = false } = options;
  let missing = 0;
  await runInterruptible(
    world,
    (signal) => restoreSnapshot(config, { file, moveAside, now: world.now }, signal),
    async (item, status) => {
      if (item.kind === "progress") return status.show(progressText(item));
      await status.clear();
      if (item.kind === "finished") missing = item.missing;
      if (json) await world.out.write(`${JSON.stringify(item)}\n`);
      else await printLines(world.out, restoreLines(item));
    },
    "unless it said otherwise, the catalogue is as it was",
  );
  if (strict && missing > 0) throw new CommandEnd(EXIT.failure);
}

function progressText({ phase, done, bytes }: Extract<RestoreItem, { kind: "progress" }>): string {
  if (phase === "reading") return `reading: ${formatCount(done)} rows, ${formatSize(bytes)}`;
  return `comparing with the stored blobs: ${formatCount(done)}`;
}

// stowage rebuild: the catalogue again, from what lies in the cellar.
import { folderOf, NOT_REBUILT, type RebuildItem, rebuildCatalogue } from "../recovery.ts";
import { runInterruptible } from "./interruptible.ts";
import { printLines } from "./print.ts";
import { formatCount } from "./readable.ts";
import { readNamedConfig } from "./recovery-config.ts";
import { rebuildFinding, rebuildSummary } from "./recovery-words.ts";
import type { World } from "./world.ts";

export interface RebuildCommandOptions {
  readonly config?: string;
  readonly moveAside?: boolean;
  readonly verify?: boolean;
  readonly json?: boolean;
}

/** Throws an Error that says why nothing was rebuilt. */
export async function rebuildCommand(world: World, options: RebuildCommandOptions): Promise<void> {
  const config = readNamedConfig(world, options.config);
  const folder = folderOf(config);
  const { moveAside = false, verify = false, json = false } = options;
  if (!json) await printLines(world.out, [`Working in ${folder}`]);
  await runInterruptible(
    world,
    (signal) => rebuildCatalogue(config, { moveAside, verify, now: world.now }, signal),
    async (item, status) => {
      if (item.kind === "progress") return status.show(`${item.phase}: ${formatCount(item.done)}`);
      await status.clear();
      if (json) await world.out.write(`${JSON.stringify(toJson(item, folder))}\n`);
      else await printLines(world.out, linesOf(item));
    },
    "everything is as it was",
  );
}

function linesOf(item: Exclude<RebuildItem, { kind: "progress" }>): readonly string[] {
  if (item.kind !== "finished") return [rebuildFinding(item)];
  return rebuildSummary(item);
}

function toJson(item: Exclude<RebuildItem, { kind: "progress" }>, folder: string): unknown {
  if (item.kind !== "finished") return { finding: item };
  const { totals, movedTo } = item;
  return {
    summary: { folder, ...totals, ...(movedTo !== undefined && { movedTo }), notRebuilt: NOT_REBUILT },
  };
}

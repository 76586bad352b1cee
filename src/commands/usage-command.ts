// How stowage usage is called, and its help.
import type { Command } from "commander";
import { type KeeperOptions, keeperCommand } from "./keeper-options.ts";
import type { World } from "./world.ts";

export function addUsage(program: Command, world: World): void {
  keeperCommand(program, "usage", "one JSON object")
    .description("tell what a repository, a path or the whole registry holds, and what quotas leave")
    .argument("[what]", "REPOSITORY, or PATH/ for all below it (default: all there is)")
    .addHelpText("after", HELP)
    .action(async (what: string | undefined, options: KeeperOptions) => {
      const { showUsage } = await import("./usage.ts");
      await showUsage(world, what, options);
    });
}

const HELP = `
A path has one to three components and ends with "/": it is for who may administrate the
registry, as all there is. Whoever may pull from a repository may ask about it.

Manifests in the trash count until they are purged, and layers that no manifest names, as
of a push that was refused, until storage.maintenance.gc.grace is over. To make room now:
stowage trash purge REPOSITORY --yes, then stowage gc --grace 0s.

Examples:
  stowage usage
  stowage usage acme/
  stowage usage acme/app`;

// How stowage gc is called: its commands and their help.
import type { Command } from "commander";
import type { CollectOptions } from "./gc.ts";
import { type KeeperOptions, keeperCommand } from "./keeper-options.ts";
import type { World } from "./world.ts";

export function addGc(program: Command, world: World): void {
  const gc = program
    .command("gc")
    .description("collect what nothing needs any more, now; or tell what waits")
    .usage("[run|status] [options]")
    .addHelpText("after", EXAMPLES);
  const json = "one line of JSON for each thing that is removed, and one for all";
  keeperCommand(gc, "run", json, { isDefault: true })
    .description("remove what is due, without waiting for the next regular run")
    .option("--dry-run", "tell what would be removed, and remove nothing")
    .option(
      "--grace <duration>",
      "leave alone what was pushed or asked for within this time (default: as configured)",
    )
    .addHelpText("after", RUN_HELP)
    .action(async (options: CollectOptions) => {
      const { collect } = await import("./gc.ts");
      await collect(world, options);
    });
  keeperCommand(gc, "status", "one JSON object")
    .description("tell what waits for the collector, what it did, and how the other upkeep stands")
    .action(async (options: KeeperOptions) => {
      const { showStatus } = await import("./gc-status.ts");
      await showStatus(world, options);
    });
}

const EXAMPLES = `
A registry collects by itself, while it is pushed to and pulled from; nobody has to wait for
it or stop anything. "stowage gc" is "stowage gc run", which does now what is due now. What
is in the trash, or in use, or was pushed within the grace time, is not due.

Examples:
  stowage gc status
  stowage gc --dry-run
  stowage gc --server https://registry.internal
  stowage gc --offline --config /etc/stowage/config.yml`;

const RUN_HELP = `
A shorter grace time than the configured one may break a push that is under way: its blobs
have no manifest yet.`;

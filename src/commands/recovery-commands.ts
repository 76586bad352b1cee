// How stowage rebuild and stowage restore are called.
import type { Command } from "commander";
import type { RebuildCommandOptions } from "./rebuild.ts";
import type { RestoreCommandOptions } from "./restore.ts";
import type { World } from "./world.ts";

const CONFIG_HELP = "the registry's configuration; needed unless the environment names it, or its data";
const MOVE_HELP = "move a catalogue that can still be read aside (it is kept beside the new one)";

export function addRebuild(program: Command, world: World): void {
  program
    .command("rebuild")
    .description("make a lost or broken catalogue again from the stored blobs alone")
    .option("-c, --config <file>", CONFIG_HELP)
    .option("--move-aside", MOVE_HELP)
    .option("--verify", "read and hash every blob, not only manifests")
    .option("--json", "one line of JSON for each finding, and one for the summary")
    .addHelpText("after", REBUILD_EXAMPLES)
    .action(async (options: RebuildCommandOptions) => {
      const { rebuildCommand } = await import("./rebuild.ts");
      await rebuildCommand(world, options);
    });
}

const REBUILD_EXAMPLES = `
The server must not run. Beside the blobs lies a journal that says which repository has
which blobs, manifests and tags; with it come back repositories, tags with their history,
referrers and the trash. What was lost is named. Tokens, signing keys, events, consumers
and pull counts do not come back: prefer "stowage restore" where there is a snapshot.
Interrupted, it leaves everything as it was, and begins anew the next time.

Examples:
  stowage rebuild --config /etc/stowage/config.yml
  stowage rebuild --verify --json`;

export function addRestore(program: Command, world: World): void {
  program
    .command("restore")
    .description("bring the catalogue back from a snapshot")
    .argument("<file>", 'what "stowage snapshot" wrote')
    .option("-c, --config <file>", CONFIG_HELP)
    .option("--move-aside", MOVE_HELP)
    .option("--json", "one line of JSON for each missing blob, and one for the summary")
    .addHelpText("after", RESTORE_EXAMPLES)
    .action(async (file: string, options: RestoreCommandOptions) => {
      const { restoreCommand } = await import("./restore.ts");
      await restoreCommand(world, file, options);
    });
}

const RESTORE_EXAMPLES = `
The server must not run. Nothing changes before the whole file was read and found to be as
it was written. Then the catalogue is compared with the stored blobs: what is missing is
named with the repositories and tags that need it, and the exit code is 1. Consumers of events with a cursor of
their own are told that it has expired, and begin again with a snapshot of theirs.

Examples:
  stowage restore catalogue.snapshot --config /etc/stowage/config.yml
  stowage restore catalogue.snapshot --move-aside --json`;

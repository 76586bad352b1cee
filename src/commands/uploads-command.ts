// How stowage uploads is called: its commands and their help.
import { type Command, Option } from "commander";
import { keeperCommand } from "./keeper-options.ts";
import type { AbortOptions } from "./uploads-abort.ts";
import type { ListUploadsOptions } from "./uploads-list.ts";
import type { World } from "./world.ts";

export function addUploads(program: Command, world: World): void {
  const uploads = program
    .command("uploads")
    .description("list and abort uploads that have not become blobs")
    .addHelpText("after", EXAMPLES);
  keeperCommand(uploads, "list", "one line of JSON for each upload")
    .description("list open uploads, oldest first")
    .option("-r, --repository <name>", "only of this repository")
    .action(async (options: ListUploadsOptions) => {
      const { listUploads } = await import("./uploads-list.ts");
      await listUploads(world, options);
    });
  keeperCommand(uploads, "abort", "one line of JSON for each upload")
    .description("end uploads and drop their bytes")
    .argument("[id...]", "ids, as the list shows them")
    .addOption(new Option("--idle <duration>", "all to which nothing was written for so long"))
    .option("-r, --repository <name>", "the ids are of this repository; not with --idle")
    .option("--dry-run", "tell what would be ended, and end nothing")
    .addHelpText("after", ABORT_EXAMPLES)
    .action(async (ids: readonly string[], options: AbortOptions) => {
      const { abortUploads } = await import("./uploads-abort.ts");
      await abortUploads(world, ids, options);
    });
}

const EXAMPLES = `
A registry ends uploads by itself to which nothing was written for a week, or for as long as
storage.maintenance.uploadpurging.age says.

Examples:
  stowage uploads list
  stowage uploads abort --idle 12h --dry-run
  stowage uploads abort 0198f2c6-7a31-7cc0-8f5e-3d1f0b9a6c42`;

const ABORT_EXAMPLES = `
An upload that somebody is writing to is not ended; with ids the command fails then.

Examples:
  stowage uploads abort 0198f2c6-7a31-7cc0-8f5e-3d1f0b9a6c42
  stowage uploads abort --idle 12h`;

// How stowage trash is called: its commands and their help.
import type { Command } from "commander";
import { type KeeperOptions, keeperCommand } from "./keeper-options.ts";
import type { PurgeOptions } from "./trash-purge.ts";
import type { RestoreFromTrashOptions } from "./trash-restore.ts";
import type { World } from "./world.ts";

export function addTrash(program: Command, world: World): void {
  const trash = program
    .command("trash")
    .description("list, bring back or finally remove deleted manifests")
    .addHelpText("after", EXAMPLES);
  keeperCommand(trash, "list", "one line of JSON for each manifest")
    .description("list deleted manifests, and until when they can be brought back")
    .argument("[repository]", "only of this one (default: of all, for who may administrate the registry)")
    .action(async (repository: string | undefined, options: KeeperOptions) => {
      const { listTrash } = await import("./trash-list.ts");
      await listTrash(world, repository, options);
    });
  keeperCommand(trash, "restore", "one JSON object for each manifest")
    .description("bring manifests back, with what was deleted with them and their tags")
    .argument(
      "<what>",
      "REPOSITORY@DIGEST, as the list shows it, or REPOSITORY: all that was deleted by itself",
    )
    .option("--since <duration>", "of a repository: only what was deleted within this time")
    .option("--reason <why>", "of a repository: only what went by retention, or by request")
    .option("-y, --yes", "of a repository: without asking first; needed where no terminal is")
    .addHelpText("after", RESTORE_HELP)
    .action(async (what: string, options: RestoreFromTrashOptions) => {
      if (/[@:]/.test(what)) {
        const { restoreFromTrash } = await import("./trash-restore.ts");
        return restoreFromTrash(world, what, options);
      }
      const { restoreMany } = await import("./trash-restore-many.ts");
      await restoreMany(world, what, options);
    });
  keeperCommand(trash, "purge", "one JSON object: {purged}")
    .description("remove deleted manifests for good, before their time is over")
    .argument("[what]", "REPOSITORY, or REPOSITORY@DIGEST")
    .option("--older-than <duration>", "only those that were deleted so long ago")
    .option("--all", "of all repositories")
    .option("-y, --yes", "without asking first; needed where no terminal is")
    .addHelpText("after", PURGE_EXAMPLES)
    .action(async (what: string | undefined, options: PurgeOptions) => {
      const { purgeTrash } = await import("./trash-purge.ts");
      await purgeTrash(world, what, options);
    });
}

const EXAMPLES = `
What is deleted stays in the trash for storage.delete.trash, a week if nothing else is
configured. Its bytes stay as long.

Examples:
  stowage trash list acme/app
  stowage trash restore acme/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  stowage trash purge acme/app --older-than 1d --yes`;

const RESTORE_HELP = `
Tags that point elsewhere by now are left; "stowage tags restore" moves them.
A tag that several of a repository's manifests had returns to the one deleted last.

Examples:
  stowage trash restore acme/app --since 1h --reason retention
  stowage trash restore acme/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`;

const PURGE_EXAMPLES = `
The bytes that only they needed go with the next collection; "stowage gc" does it now.

Examples:
  stowage trash purge acme/app
  stowage trash purge --all --older-than 2d --yes`;

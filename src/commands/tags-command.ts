// How stowage tags is called: its commands and their help.
import { type Command, Option } from "commander";
import { type KeeperOptions, keeperCommand } from "./keeper-options.ts";
import type { RestoreOptions } from "./tags-restore.ts";
import type { World } from "./world.ts";

export function addTags(program: Command, world: World): void {
  const tags = program
    .command("tags")
    .description("tell what a tag pointed to, and point it back")
    .addHelpText("after", EXAMPLES);
  keeperCommand(tags, "history", "one line of JSON for each change")
    .description("list a tag's changes, newest first; also of a tag that is gone")
    .argument("<tag>", "REPOSITORY:TAG")
    .action(async (tag: string, options: KeeperOptions) => {
      const { showHistory } = await import("./tags-history.ts");
      await showHistory(world, tag, options);
    });
  keeperCommand(tags, "restore", "one JSON object")
    .description("point a tag to what it pointed to before, out of the trash where need be")
    .argument("<tag>", "REPOSITORY:TAG")
    .addOption(new Option("--to <digest>", "to this manifest").conflicts("at"))
    .option("--at <time>", "to what it pointed to then: 2026-03-01T15:04:05Z, 2026-03-01, 15m, 2h, 1d")
    .option("--expect <digest>", "only if it points to this now; with none, only if there is no such tag")
    .addHelpText("after", RESTORE_EXAMPLES)
    .action(async (tag: string, options: RestoreOptions) => {
      const { restoreTag } = await import("./tags-restore.ts");
      await restoreTag(world, tag, options);
    });
}

const EXAMPLES = `
The history is kept for storage.tag.history, 90 days if nothing else is configured.

Examples:
  stowage tags history acme/app:latest
  stowage tags restore acme/app:latest --at 2h`;

const RESTORE_EXAMPLES = `
Examples:
  stowage tags restore acme/app:latest --at 2026-03-01T15:04:05Z
  stowage tags restore acme/app:v1 --expect none --to \\
    sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`;

// How stowage tags is called: its commands and their help.
import { type Command, Option } from "commander";
import { type KeeperOptions, keeperCommand } from "./keeper-options.ts";
import { addListOptions } from "./list-options.ts";
import { collect } from "./remote-options.ts";
import type { ListTagsOptions } from "./tags-list.ts";
import type { RestoreOptions } from "./tags-restore.ts";
import type { World } from "./world.ts";

export const TAG_ORDERS = ["name", "size", "pushed", "pulled", "pulls"] as const;

export function addTags(program: Command, world: World): void {
  const tags = program
    .command("tags")
    .description("list tags, tell what a tag pointed to, and point it back")
    .addHelpText("after", EXAMPLES);
  addList(tags, world);
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

function addList(tags: Command, world: World): void {
  const command = keeperCommand(tags, "list", "one line of JSON for each tag");
  const repeated = (flags: string, what: string) =>
    new Option(flags, `${what} (can be repeated)`).argParser(collect);
  addListOptions(command, "tags", TAG_ORDERS)
    .description("list the tags of a repository with their sizes, platforms, times and pulls")
    .argument("<repository>", "the repository")
    .addOption(
      repeated("-p, --platform <platform>", "only tags that run there: linux/arm64, or all of linux"),
    )
    .addOption(repeated("--media-type <glob>", "only tags of manifests with such a media type"))
    .addOption(repeated("--artifact-type <glob>", "only tags of manifests with such an artifact type"))
    .addHelpText("after", LIST_EXAMPLES)
    .action(async (repository: string, options: ListTagsOptions) => {
      const { listTags } = await import("./tags-list.ts");
      await listTags(world, repository, options);
    });
}

const LIST_EXAMPLES = `
The size of a tag is what pulling it moves; of an index, with all its platforms.

Examples:
  stowage tags list acme/app --sort pushed --limit 20
  stowage tags list acme/app --match 'v1.*' --platform linux/arm64
  stowage tags list acme/app --sort pulled --reverse --json`;

const EXAMPLES = `
The history is kept for storage.tag.history, 90 days if nothing else is configured.

Examples:
  stowage tags list acme/app --sort pushed
  stowage tags history acme/app:latest
  stowage tags restore acme/app:latest --at 2h`;

const RESTORE_EXAMPLES = `
Examples:
  stowage tags restore acme/app:latest --at 2026-03-01T15:04:05Z
  stowage tags restore acme/app:v1 --expect none --to \\
    sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`;

// How stowage repositories is called, and its help.
import type { Command } from "commander";
import { keeperCommand } from "./keeper-options.ts";
import { addListOptions } from "./list-options.ts";
import type { ListRepositoriesOptions } from "./repositories.ts";
import type { World } from "./world.ts";

export const REPOSITORY_ORDERS = ["name", "size", "tags", "pushed", "pulled", "pulls"] as const;

export function addRepositories(program: Command, world: World): void {
  const command = keeperCommand(program, "repositories", "one line of JSON for each repository");
  addListOptions(command, "repositories", REPOSITORY_ORDERS)
    .alias("repos")
    .description("list repositories with what they hold, and when they were last pushed to and pulled from")
    .addHelpText("after", HELP)
    .action(async (options: ListRepositoriesOptions) => {
      const { listRepositories } = await import("./repositories.ts");
      await listRepositories(world, options);
    });
}

const HELP = `
It lists the repositories that hold a manifest and that you may see. Their size is that of
their blobs and manifests, also of those in the trash; docs/usage.md tells what counts as what.

Examples:
  stowage repositories --sort size --limit 10
  stowage repositories --match 'acme/**' --sort pulled --reverse`;

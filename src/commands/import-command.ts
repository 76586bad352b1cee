// How stowage import is called.
import type { Command } from "commander";
import type { ImportCommandOptions } from "./import.ts";
import type { World } from "./world.ts";

export function addImport(program: Command, world: World): void {
  program
    .command("import")
    .description("take over the storage tree of a distribution registry (docker-registry, registry:2)")
    .argument("<dir>", "its rootdirectory, or docker/registry/v2 in it")
    .option(
      "-c, --config <file>",
      "the configuration of the registry to import into (default: $REGISTRY_CONFIGURATION_PATH, else none)",
    )
    .option("--repository <glob>", "only repositories with such a name (may be repeated)", collect)
    .option("--dry-run", "tell what would be done, and change nothing")
    .option("--copy", "copy blobs even where hard links could be made")
    .option("--verify", "read again what is here already, and replace it where it is damaged")
    .option("--strict", "fail when anything could not be imported")
    .option("--json", "one line of JSON for each finding, and one for the summary")
    .addHelpText("after", EXAMPLES)
    .action(async (directory: string, options: ImportCommandOptions) => {
      const { importCommand } = await import("./import.ts");
      await importCommand(world, directory, options);
    });
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

const EXAMPLES = `
Stowage must not run on its data meanwhile; the old registry may serve from the tree, which
is only read. Blobs become hard links of its files where both lie on one filesystem, and
copies elsewhere; every byte is read and compared with its digest first. What is here is
skipped, so an import can be broken off, and done again for what has come since. What cannot
be imported is named and left out. docs/migration.md tells how to change over without downtime.

Examples:
  stowage import /var/lib/docker-registry --config /etc/stowage/config.yml
  stowage import /var/lib/docker-registry --repository 'acme/**' --dry-run
  stowage import /mnt/old/docker/registry/v2 --strict --json`;

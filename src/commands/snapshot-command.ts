// How stowage snapshot is called.
import type { Command } from "commander";
import { keeperCommand } from "./keeper-options.ts";
import type { SnapshotOptions } from "./snapshot.ts";
import type { World } from "./world.ts";

export function addSnapshot(program: Command, world: World): void {
  keeperCommand(program, "snapshot", "one JSON object: {file, bytes, header}; not with -")
    .description("write a backup of the catalogue, as it is at one moment")
    .argument("<file>", 'where to; "-" is standard output')
    .option("--force", "replace the file where it exists")
    .option("--without-secrets", "leave out keys that sign tokens, access tokens and refresh tokens")
    .addHelpText("after", EXAMPLES)
    .action(async (file: string, options: SnapshotOptions) => {
      const { takeSnapshot } = await import("./snapshot.ts");
      await takeSnapshot(world, file, options);
    });
}

const EXAMPLES = `
The registry goes on meanwhile. Blobs are not in a snapshot; their files never change, so
copy them after it. The file appears under its name when it is whole and on the disk.
"stowage restore" brings it back.

Examples:
  stowage snapshot /backup/stowage-$(date +%F).snapshot
  stowage snapshot - --server https://registry.internal | gzip > catalogue.gz`;

// How stowage scrub and stowage fsck are called.
import type { Command } from "commander";
import type { FsckOptions } from "./fsck.ts";
import { keeperCommand } from "./keeper-options.ts";
import type { ScrubOptions } from "./scrub.ts";
import type { World } from "./world.ts";

export function addScrub(program: Command, world: World): void {
  keeperCommand(program, "scrub", "one line of JSON for each damaged blob, and one for all")
    .description("read every stored blob again and compare it with its digest")
    .option(
      "--rate <size>",
      "so much each second, such as 20MiB; 0: as fast as it goes (default: as configured)",
    )
    .option("--restart", "begin with the first blob, wherever the last scrub ended")
    .addHelpText("after", SCRUB_HELP)
    .action(async (options: ScrubOptions) => {
      const { scrub } = await import("./scrub.ts");
      await scrub(world, options);
    });
}

const SCRUB_HELP = `
A damaged blob is put aside: the registry does not serve it, and takes its bytes again from
whoever pushes it next. A scrub that is broken off goes on there next time.
Exit code 1: a blob is damaged and was not put right.

Examples:
  stowage scrub
  stowage scrub --rate 100MiB --restart`;

export function addFsck(program: Command, world: World): void {
  keeperCommand(program, "fsck", "one line of JSON for each finding, and one for all")
    .description("compare the catalogue with itself and with the stored files")
    .option("--repair", "put right what can be put right")
    .option("--catalogue-only", "do not look at the stored files")
    .option("--resume", "go on with the part at which the last check was broken off")
    .addHelpText("after", FSCK_HELP)
    .action(async (options: FsckOptions) => {
      const { fsck } = await import("./fsck.ts");
      await fsck(world, options);
    });
}

const FSCK_HELP = `
It runs beside pushes and pulls. Blobs are not read; "stowage scrub" does that.
Exit code 1: something is wrong and was not put right.

Examples:
  stowage fsck
  stowage fsck --repair
  stowage fsck --offline --config /etc/stowage/config.yml`;

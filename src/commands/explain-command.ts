// How stowage explain is called.
import type { Command } from "commander";
import { type KeeperOptions, keeperCommand } from "./keeper-options.ts";
import type { World } from "./world.ts";

export function addExplain(program: Command, world: World): void {
  keeperCommand(program, "explain", "one JSON object, without what keeps the indexes and subjects in it")
    .description("tell why a blob or a manifest is still here: what keeps it, and what keeps that")
    .argument("<content>", "DIGEST, REPOSITORY:TAG or REPOSITORY@DIGEST")
    .addHelpText("after", EXAMPLES)
    .action(async (content: string, options: KeeperOptions) => {
      const { explain } = await import("./explain.ts");
      await explain(world, content, options);
    });
}

const EXAMPLES = `
Bytes stay while anything leads to them: a manifest, also one in the trash, or a repository's
link, which a push makes before its manifest comes. A manifest stays for its tags, for an index
that names it, and for the subject that it refers to.

Examples:
  stowage explain sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  stowage explain acme/app:v1
  stowage explain acme/app:v1 --offline --config /etc/stowage/config.yml`;

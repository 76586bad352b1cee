// How stowage webhooks dead-letters is called: its commands and their help.
import type { Command } from "commander";
import type { DiscardOptions } from "./dead-letters.ts";
import { remoteCommand } from "./remote-options.ts";
import type { RemoteOptions } from "./remote-registry.ts";
import type { World } from "./world.ts";

const NAME_HELP = "the webhook's name in the configuration";
const IDS_HELP = "ids as the list shows them";

export function addDeadLetters(webhooks: Command, world: World): void {
  const deadLetters = webhooks
    .command("dead-letters")
    .description("list, redeliver or discard the events that a webhook gave up")
    .usage("[list|redeliver|discard] <name> [options]")
    .addHelpText("after", EXAMPLES);
  remoteCommand(deadLetters, "list", "one line of JSON for each", { isDefault: true })
    .description("list the events that were given up, oldest first")
    .argument("<name>", NAME_HELP)
    .action(async (name: string, options: RemoteOptions) => {
      const { listDeadLetters } = await import("./dead-letters.ts");
      await listDeadLetters(world, name, options);
    });
  remoteCommand(deadLetters, "redeliver", "one JSON object: {delivered, remaining, error}")
    .description("try them once more, oldest first, until one fails (exit code 1)")
    .argument("<name>", NAME_HELP)
    .argument("[ids...]", `${IDS_HELP} (default: all)`)
    .action(async (name: string, ids: string[], options: RemoteOptions) => {
      const { redeliverDeadLetters } = await import("./dead-letters.ts");
      await redeliverDeadLetters(world, { name, ids }, options);
    });
  remoteCommand(deadLetters, "discard", "one JSON object: {deleted}")
    .description("forget them")
    .argument("<name>", NAME_HELP)
    .argument("[ids...]", IDS_HELP)
    .option("--all", "all of them")
    .action(async (name: string, ids: string[], options: DiscardOptions) => {
      const { discardDeadLetters } = await import("./dead-letters.ts");
      await discardDeadLetters(world, { name, ids }, options);
    });
}

const EXAMPLES = `
Without a command it lists: "dead-letters NAME" is "dead-letters list NAME".

Examples:
  stowage webhooks dead-letters scanner
  stowage webhooks dead-letters redeliver scanner
  stowage webhooks dead-letters discard scanner 1234 1240`;

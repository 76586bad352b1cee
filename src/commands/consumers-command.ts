// How stowage consumers is called: its commands and their help.
import type { Command } from "commander";
import { remoteCommand } from "./remote-options.ts";
import type { RemoteOptions } from "./remote-registry.ts";
import type { World } from "./world.ts";

export function addConsumers(program: Command, world: World): void {
  const consumers = program
    .command("consumers")
    .description("list or delete the named consumers of a registry's events")
    .addHelpText("after", EXAMPLES);
  remoteCommand(consumers, "list", "one line of JSON for each consumer")
    .description("list consumers, and how many events each has not had")
    .action(async (options: RemoteOptions) => {
      const { listConsumers } = await import("./consumers.ts");
      await listConsumers(world, options);
    });
  remoteCommand(consumers, "delete", "one JSON object: {consumer, deleted}")
    .description("forget a consumer; who follows as it is cut off")
    .argument("<name>", "the consumer's name")
    .action(async (name: string, options: RemoteOptions) => {
      const { deleteConsumer } = await import("./consumers.ts");
      await deleteConsumer(world, name, options);
    });
}

const EXAMPLES = `
A consumer is a place in the event log that the registry remembers under a name; it is made
with "stowage events --follow --consumer NAME" or EventService.CreateConsumer. Its lag counts
all events after that place. Expired: events that it has not had are gone from the log.

Examples:
  stowage consumers list
  stowage consumers delete scanner`;

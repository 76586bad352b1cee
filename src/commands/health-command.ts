// stowage health: is the registry ready? For a container's health check, and for people.
import { type Command, Option } from "commander";
import { addRemoteOptions, REMOTE_GROUP } from "./remote-options.ts";
import type { World } from "./world.ts";

export function addHealth(program: Command, world: World): void {
  const command = program
    .command("health")
    .description("tell whether a registry is ready for requests: exit code 0, or 1 and what is wrong")
    .option("--debug <address>", "ask the debug listener there instead, which says which check fails")
    .option("--live", "ask only whether it is alive, whatever else is wrong")
    .option("--timeout <seconds>", "how long the answer may take", "5");
  addRemoteOptions(command)
    .addOption(new Option("--insecure", "believe any certificate: no secret is sent").helpGroup(REMOTE_GROUP))
    .addHelpText("after", EXAMPLES)
    .action(async (options) => {
      const { printHealth } = await import("./health.ts");
      await printHealth(world, options);
    });
}

const EXAMPLES = `
It asks grpc.health.v1.Health on the registry's own port, which asks nobody for a password.
A registry on a Unix socket is --server unix:PATH.

Examples:
  stowage health --server https://127.0.0.1:5000 --insecure
  stowage health --server unix:/run/stowage/stowage.sock
  stowage health --debug 127.0.0.1:5001`;

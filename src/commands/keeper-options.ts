// The options of the commands that keep a registry's house: they ask the running one,
// or open its data themselves.
import { type Command, type CommandOptions, Option } from "commander";
import { REMOTE_GROUP, remoteCommand } from "./remote-options.ts";
import type { RemoteOptions } from "./remote-registry.ts";

export interface KeeperOptions extends RemoteOptions {
  readonly offline?: boolean;
  readonly config?: string;
}

/** A command that asks a registry, or works on its data. `json` says what it prints as JSON. */
export function keeperCommand(
  parent: Command,
  name: string,
  json: string,
  options: CommandOptions = {},
): Command {
  const others = ["server", "tokenFile", "ca", "cert", "key", "allowPlaintext"];
  const offline = new Option("--offline", "open its data here instead; no server may run on it");
  const config = new Option(
    "-c, --config <file>",
    "with --offline: its configuration (default: $REGISTRY_CONFIGURATION_PATH, else none)",
  );
  return remoteCommand(parent, name, json, options)
    .addOption(offline.conflicts(others).helpGroup(REMOTE_GROUP))
    .addOption(config.helpGroup(REMOTE_GROUP));
}

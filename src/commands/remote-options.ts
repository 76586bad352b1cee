// The options that every command has which asks a running registry.
import { type Command, type CommandOptions, Option } from "commander";

export function serverOption(): Option {
  return new Option("-s, --server <url>", "the registry").default("http://127.0.0.1:5000");
}

/** `what` completes "print …". */
export function jsonOption(what: string): Option {
  return new Option("--json", `print ${what}`);
}

/** A command that asks a registry. `json` says what it prints as JSON. */
export function remoteCommand(
  parent: Command,
  name: string,
  json: string,
  options: CommandOptions = {},
): Command {
  return parent.command(name, options).addOption(jsonOption(json)).addOption(serverOption());
}

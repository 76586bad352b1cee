// The options that every command has which asks a running registry.
import { type Command, type CommandOptions, Option } from "commander";
import type { Environment } from "../config/environment.ts";

/** The registry that is asked when the command line does not name one. */
const SERVER_VARIABLE = "STOWAGE_SERVER";

export function serverOption(): Option {
  const description = `the registry (also $${SERVER_VARIABLE})`;
  return new Option("-s, --server <url>", description).default("http://127.0.0.1:5000");
}

/** Takes the server from the environment where the command line says none. */
export function chooseServer(command: Command, environment: Environment): void {
  const server = environment[SERVER_VARIABLE];
  if (server === undefined || server === "" || command.getOptionValueSource("server") !== "default") return;
  command.setOptionValueWithSource("server", server, "env");
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

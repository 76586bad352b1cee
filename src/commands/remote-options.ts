// The options that every command has which asks a running registry, and what the
// environment adds to them.
import { type Command, type CommandOptions, Option } from "commander";
import type { Environment } from "../config/environment.ts";
import { isLoopbackHost } from "../config/listen-address.ts";
import { readCredentials } from "./remote-credentials.ts";
import { tlsAgent } from "./remote-tls.ts";
import { parseServerUrl } from "./server-url.ts";
import { CommandFailure, EXIT } from "./world.ts";

/** Options that a variable stands in for where the command line does not have them. */
const VARIABLES = {
  server: "STOWAGE_SERVER",
  ca: "STOWAGE_CA",
  cert: "STOWAGE_CERT",
  key: "STOWAGE_KEY",
  allowPlaintext: "STOWAGE_ALLOW_PLAINTEXT",
} as const;

/** The heading of these options in a command's help. */
export const REMOTE_GROUP = "Which registry, and as whom:";

/** Whom to ask, and what proves who asks. */
export function addRemoteOptions(command: Command): Command {
  const options = [
    new Option("-s, --server <url>", `the registry (also $${VARIABLES.server})`).default(
      "http://127.0.0.1:5000",
    ),
    new Option("--token-file <file>", "holds an access token (also $STOWAGE_TOKEN_FILE; or $STOWAGE_TOKEN)"),
    new Option("--ca <file>", `authorities of its certificate, instead of the usual (also $${VARIABLES.ca})`),
    new Option("--cert <file>", `a client certificate for it (also $${VARIABLES.cert})`),
    new Option("--key <file>", `the certificate's private key (also $${VARIABLES.key})`),
    new Option("--allow-plaintext", "send credentials without TLS to another machine, too"),
  ];
  for (const option of options) command.addOption(option.helpGroup(REMOTE_GROUP));
  return command;
}

/** Options as commander keeps them. */
interface Given {
  readonly server: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly allowPlaintext?: boolean | string;
  /** With a configuration file, or offline, no registry is asked. */
  readonly config?: string;
  readonly offline?: boolean;
}

/**
 * Takes from the environment what the command line does not say, and reads the files: the command finds `credentials`
 * and `agent` among its options. Throws CommandFailure.
 */
export function completeRemoteOptions(command: Command, environment: Environment): void {
  if (command.getOptionValueSource("server") === undefined) return; // it asks no registry
  takeVariables(command, environment);
  const given = command.opts<Given>();
  if (given.config !== undefined || given.offline === true || isSocket(given.server)) return;
  const isTls = parseServerUrl(given.server).startsWith("https:");
  if (!isTls) refuseUselessFiles(command);
  const credentials = readCredentials(given.tokenFile, environment);
  if (credentials !== undefined && !isAllowed(given.allowPlaintext)) requirePrivacy(given.server);
  command.setOptionValue("credentials", credentials);
  command.setOptionValue("agent", isTls ? tlsAgent(given) : undefined);
}

/** Only `stowage health` asks those; others refuse it as no URL. */
function isSocket(server: string): boolean {
  return server.startsWith("unix:");
}

function takeVariables(command: Command, environment: Environment): void {
  for (const [name, variable] of Object.entries(VARIABLES)) {
    const value = environment[variable];
    const isGiven = command.getOptionValueSource(name) === "cli";
    if (value !== undefined && value !== "" && !isGiven) command.setOptionValueWithSource(name, value, "env");
  }
}

/** Variables may be meant for other registries; who writes an option means this one. */
function refuseUselessFiles(command: Command): void {
  const useless = (["ca", "cert", "key"] as const).filter(
    (name) => command.getOptionValueSource(name) === "cli",
  );
  if (useless.length === 0) return;
  const names = useless.map((name) => `--${name}`).join(", ");
  throw new CommandFailure(`${names}: this is for a registry with https`, { exitCode: EXIT.usage });
}

function isAllowed(option: boolean | string | undefined): boolean {
  return option === true || option === "1" || option === "true";
}

/** Who listens on the way must not learn a secret. Throws CommandFailure. */
function requirePrivacy(text: string): void {
  const server = parseServerUrl(text);
  const { protocol, hostname, host } = new URL(server);
  if (protocol === "https:" || isLoopbackHost(hostname.replace(/^\[|\]$/g, ""))) return;
  const message = [
    `${server}: credentials are not sent to another machine without TLS, where others could read them. Either`,
    `  ask https://${host}`,
    `  or, where the way is safe, add --allow-plaintext (or $${VARIABLES.allowPlaintext}=true)`,
  ].join("\n");
  throw new CommandFailure(message, { exitCode: EXIT.usage });
}

/** Gathers an option that can be repeated; unlike commander's "...", it leaves arguments alone. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
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
  return addRemoteOptions(parent.command(name, options).addOption(jsonOption(json)));
}

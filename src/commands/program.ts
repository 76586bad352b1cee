// The command line: which commands there are, what they take, and their help.
import { Command, CommanderError } from "commander";
import { ConfigError } from "../config/problem.ts";
import { UnusableFile } from "../config/unusable-file.ts";
import { addAuth } from "./auth-command.ts";
import { type ConfigOptions, configPath } from "./config-path.ts";
import { addConsumers } from "./consumers-command.ts";
import { addEvents } from "./events-command.ts";
import { addExplain } from "./explain-command.ts";
import type { GatewayCommandOptions } from "./gateway.ts";
import { addGc } from "./gc-command.ts";
import { addHealth } from "./health-command.ts";
import { addImport } from "./import-command.ts";
import { addRebuild, addRestore } from "./recovery-commands.ts";
import { completeRemoteOptions } from "./remote-options.ts";
import { addRepositories } from "./repositories-command.ts";
import { addRetention } from "./retention-command.ts";
import { addFsck, addScrub } from "./scrub-command.ts";
import { addSnapshot } from "./snapshot-command.ts";
import { addTags } from "./tags-command.ts";
import { addTokens } from "./tokens-command.ts";
import { addTrash } from "./trash-command.ts";
import { addUploads } from "./uploads-command.ts";
import { addUsage } from "./usage-command.ts";
import { printVersion, stowageVersion } from "./version.ts";
import { addWebhooks } from "./webhooks-command.ts";
import { CommandEnd, CommandFailure, EXIT, type World } from "./world.ts";

/** Runs one command line, without the program's name. Returns the exit code; never throws. */
export async function runCommandLine(world: World, argv: readonly string[]): Promise<number> {
  try {
    await createProgram(world).parseAsync([...argv], { from: "user" });
    return EXIT.ok;
  } catch (error) {
    // Commander has printed its own: help, the version, or what is wrong with the arguments.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof CommandEnd) return error.exitCode;
    await world.err.write(`stowage: ${explain(world, error)}\n`);
    if (error instanceof ConfigError || error instanceof UnusableFile) return EXIT.usage;
    return error instanceof CommandFailure ? error.exitCode : EXIT.failure;
  }
}

/** The message and what caused it, unless it says so itself; the stack only for those who debug. */
function explain({ environment }: World, error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (environment.REGISTRY_LOG_LEVEL === "debug") return error.stack ?? error.message;
  const { message, cause } = error;
  const isExplained = error instanceof CommandFailure || error instanceof ConfigError;
  const isNews = cause instanceof Error && !isExplained && !message.includes(cause.message);
  return isNews ? `${message}: ${cause.message}` : message;
}

const EXIT_CODES = `
Exit codes: 0 all went well, 1 it failed while running, 2 the command line or the configuration is wrong,
3 the answer is no (auth explain).`;

/** All commands, without anything being run. */
export function createProgram(world: World): Command {
  const program = new Command("stowage")
    .description(
      "A container registry: push and pull with docker, call it over Connect and gRPC, follow its events.",
    )
    .version(stowageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .showHelpAfterError("(--help tells more)")
    .addHelpText("after", EXIT_CODES)
    .hook("preAction", (_, command) => completeRemoteOptions(command, world.environment))
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void world.out.write(text),
      writeErr: (text) => void world.err.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "stowage: ")),
      getOutHasColors: () => world.out.hasColors,
      getErrHasColors: () => world.err.hasColors,
    });
  addServe(program, world);
  addGateway(program, world);
  addCheckConfig(program, world);
  addEvents(program, world);
  addConsumers(program, world);
  addWebhooks(program, world);
  addAuth(program, world);
  addTokens(program, world);
  addRepositories(program, world);
  addTags(program, world);
  addUsage(program, world);
  addTrash(program, world);
  addRetention(program, world);
  addGc(program, world);
  addExplain(program, world);
  addUploads(program, world);
  addScrub(program, world);
  addFsck(program, world);
  addSnapshot(program, world);
  addImport(program, world);
  addRebuild(program, world);
  addRestore(program, world);
  addHealth(program, world);
  addVersion(program, world);
  return program;
}

const CONFIG_HELP = "the configuration file (default: $REGISTRY_CONFIGURATION_PATH, else none)";

function addServe(program: Command, world: World): void {
  program
    .command("serve")
    .description("run the registry: the Docker/OCI API, Connect, gRPC and gRPC-Web on one port")
    .argument("[file]", CONFIG_HELP)
    .option("-c, --config <file>", "the same")
    .addHelpText("after", SERVE_EXAMPLES)
    .action(async (file: string | undefined, options: ConfigOptions) => {
      const { serve } = await import("./serve.ts");
      await serve(world, configPath(file, options));
    });
}

const SERVE_EXAMPLES = `
Without a file it listens on 127.0.0.1:5000 and keeps its data in ./stowage-data.
A config.yml of distribution works; docs/configuration.md lists all keys. Each key has
a variable: REGISTRY_ and its path in capitals, for example REGISTRY_HTTP_ADDR.
SIGTERM and SIGINT end it after http.draintimeout at most; a second one at once.

Examples:
  stowage serve
  stowage serve --config /etc/distribution/config.yml
  REGISTRY_HTTP_ADDR=127.0.0.1:5001 REGISTRY_STORAGE=inmemory stowage serve`;

function addGateway(program: Command, world: World): void {
  program
    .command("gateway")
    .description("run only the Docker/OCI API, in front of a registry that runs elsewhere")
    .requiredOption("-u, --upstream <url>", "the registry, such as http://registry.internal:5000")
    .option("-a, --addr <address>", "where to listen; wins over http.addr")
    .option("-c, --config <file>", CONFIG_HELP)
    .option("--token-file <file>", "proves to the registry who the gateway is (also $STOWAGE_TOKEN)")
    .option("--ca <file>", "authorities of the registry's certificate, instead of the usual ones")
    .option("--cert <file>", "a client certificate for the registry")
    .option("--key <file>", "its private key")
    .addHelpText("after", GATEWAY_EXAMPLES)
    .action(async (options: GatewayCommandOptions) => {
      const { serveGateway } = await import("./gateway.ts");
      await serveGateway(world, options);
    });
}

const GATEWAY_EXAMPLES = `
It keeps nothing, so as many as needed may run. Of the configuration it uses log, http
(with http.debug), health, tracing, catalog and tags.

Its clients' credentials go to the registry as they come. With a token or certificate of
its own, from a principal that the registry's auth.gateways names, the registry believes
what it says about its clients' addresses. All files are read again when they change.

Examples:
  stowage gateway --upstream http://127.0.0.1:5000 --addr 127.0.0.1:5080
  stowage gateway --upstream https://registry.internal --ca ca.pem --token-file token`;

function addCheckConfig(program: Command, world: World): void {
  program
    .command("check-config")
    .description("tell whether a configuration is right, and what it amounts to")
    .argument("[file]", CONFIG_HELP)
    .option("-c, --config <file>", "the same")
    .option("--json", "print one JSON object: {ok, config, withoutEffect} or {ok, problems}")
    .addHelpText("after", CHECK_EXAMPLES)
    .action(
      async (file: string | undefined, options: { readonly config?: string; readonly json?: boolean }) => {
        const { checkConfig } = await import("./check-config.ts");
        await checkConfig(world, configPath(file, options), options);
      },
    );
}

const CHECK_EXAMPLES = `
It reads the file and the REGISTRY_ variables as "serve" does, and names everything that
is wrong at once. Nothing is opened and nothing is changed.

Examples:
  stowage check-config /etc/distribution/config.yml
  stowage check-config --json config.yml`;

function addVersion(program: Command, world: World): void {
  program
    .command("version")
    .description("print the version of Stowage, the commit it was built of, and the version of Node.js")
    .option("--json", "print one JSON object: {version, commit, buildTime, node, platform}")
    .action(async (options: { readonly json?: boolean }) => {
      await printVersion(world, options);
    });
}

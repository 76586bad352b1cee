// How stowage auth is called: its commands and their help.
import { type Command, Option } from "commander";
import type { ExplainOptions } from "./auth-explain.ts";
import type { HashOptions } from "./auth-hash.ts";
import { collect, remoteCommand } from "./remote-options.ts";
import type { RemoteOptions } from "./remote-registry.ts";
import type { World } from "./world.ts";

export function addAuth(program: Command, world: World): void {
  const auth = program
    .command("auth")
    .description("tell who may do what, and make hashes of passwords")
    .addHelpText("after", EXAMPLES);
  addWhoami(auth, world);
  addExplain(auth, world);
  addHash(auth, world);
}

const EXAMPLES = `
Commands that ask a registry prove who they are with the first of these that is there:
--token-file, $STOWAGE_TOKEN, $STOWAGE_TOKEN_FILE (an access token, or another that the
registry takes), $STOWAGE_USER with $STOWAGE_PASSWORD or $STOWAGE_PASSWORD_FILE; and with
a client certificate. docs/command-line.md tells the rest.

Examples:
  stowage auth whoami
  stowage auth explain alice push acme/app
  stowage auth explain --config config.yml anonymous pull acme/app
  stowage auth hash`;

function addWhoami(auth: Command, world: World): void {
  remoteCommand(auth, "whoami", "one JSON object")
    .description("tell as whom a registry knows you, and what your credentials allow")
    .action(async (options: RemoteOptions) => {
      const { printIdentity } = await import("./auth-whoami.ts");
      await printIdentity(world, options);
    });
}

function addExplain(auth: Command, world: World): void {
  remoteCommand(auth, "explain", "one JSON object: {allowed, rule, reason, known, groups}")
    .description("tell whether somebody may do something, and which rule of the policy says so")
    .argument(
      "<user>",
      "alice (the same as user:alice), robot:ci, cert:NAME, oidc:PROVIDER:SUBJECT, anonymous",
    )
    .argument("<action>", "pull, push, delete or admin, which includes the others")
    .argument("[repository]", "its name; only admin can do without one: the registry itself")
    .option("-c, --config <file>", "ask no registry: decide by this configuration file")
    .addOption(
      new Option("-g, --group <name>", "count the user in this group, too (can be repeated)").argParser(
        collect,
      ),
    )
    .addHelpText("after", EXPLAIN_HELP)
    .action(
      async (principal: string, action: string, repository: string | undefined, options: ExplainOptions) => {
        const { explainAccess } = await import("./auth-explain.ts");
        await explainAccess(world, { principal, action, repository }, options);
      },
    );
}

const EXPLAIN_HELP = `
A registry tells everybody about themselves, and about others those who may administrate
it. With --config, REGISTRY_ variables count as they do for "serve"; the files of users that
the configuration names tell groups, and scopes of robots.

Exit codes: 0 allowed, 3 refused, 1 or 2 it could not be found out.

Examples:
  stowage auth explain alice push acme/app
  stowage auth explain --group dev oidc:github:repo:acme/app push acme/app
  stowage auth explain --config config.yml robot:ci delete acme/app
  stowage auth explain root admin`;

function addHash(auth: Command, world: World): void {
  auth
    .command("hash")
    .description("print the hash of a password, for the users file or for an htpasswd file")
    .option("--bcrypt", "a bcrypt hash, as htpasswd files have it (default: argon2id)")
    .option("--user <name>", "with --bcrypt: print this user's whole line")
    .addHelpText("after", HASH_HELP)
    .action(async (options: HashOptions) => {
      const { printHash } = await import("./auth-hash.ts");
      await printHash(world, options);
    });
}

const HASH_HELP = `
On a terminal it asks for the password twice and does not show it; else it reads it from
standard input, where an end of line at its end does not count.

Examples:
  stowage auth hash
  stowage auth hash < password.txt
  stowage auth hash --bcrypt --user alice >> htpasswd`;

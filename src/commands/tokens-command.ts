// How stowage tokens is called: its commands and their help.
import { type Command, Option } from "commander";
import { collect, remoteCommand } from "./remote-options.ts";
import type { RemoteOptions } from "./remote-registry.ts";
import type { CreateTokenOptions } from "./tokens-create.ts";
import type { ListTokensOptions } from "./tokens-list.ts";
import type { World } from "./world.ts";

export function addTokens(program: Command, world: World): void {
  const tokens = program
    .command("tokens")
    .description("create, list and revoke access tokens of a running registry")
    .addHelpText("after", EXAMPLES);
  addCreate(tokens, world);
  addList(tokens, world);
  addRevoke(tokens, world);
}

const EXAMPLES = `
An access token acts for its owner, within its scopes, until it ends or is revoked. It is
used as a bearer token, as the password of docker login, or as $STOWAGE_TOKEN.

Examples:
  stowage tokens create --description "nightly build" --scope 'repository:acme/**:pull,push'
  stowage tokens list
  stowage tokens revoke 0198f2c6-7a31-7cc0-8f5e-3d1f0b9a6c42`;

const OWNER = "a user's name, or robot:NAME, cert:NAME, oidc:PROVIDER:SUBJECT";

function addCreate(tokens: Command, world: World): void {
  remoteCommand(tokens, "create", "one JSON object: {accessToken, token}")
    .description("make a token, and print it: the only time that it is shown")
    .requiredOption("-d, --description <text>", "what it is for; lists show it")
    .addOption(
      new Option(
        "--scope <scope>",
        "what it allows of what its owner may do; default: all (can be repeated)",
      ).argParser(collect),
    )
    .option("--expires <time>", "90d, 12h, 2027-01-01; default: as late as the registry allows")
    .option("--owner <id>", `for whom; default: you (${OWNER})`)
    .addHelpText("after", CREATE_HELP)
    .action(async (options: CreateTokenOptions) => {
      const { createToken } = await import("./tokens-create.ts");
      await createToken(world, options);
    });
}

const CREATE_HELP = `
Only the token itself goes to standard output, what there is to say about it to standard
error. A day is its end in UTC. In scopes "*" stands for any characters but "/", "**" for
any; put them in quotes, for the shell knows them too.

Examples:
  stowage tokens create --description "my laptop" --expires 90d
  stowage tokens create --description ci --scope 'repository:acme/**:pull,push' > token
  STOWAGE_TOKEN=$(stowage tokens create --description events --scope 'registry:events:*')`;

function addList(tokens: Command, world: World): void {
  remoteCommand(tokens, "list", "one line of JSON for each token")
    .description("list tokens, oldest first; never the tokens themselves")
    .addOption(new Option("--all", "everybody's, for who may administrate the registry").conflicts("owner"))
    .option("--owner <id>", `somebody's; default: yours (${OWNER})`)
    .action(async (options: ListTokensOptions) => {
      const { listTokens } = await import("./tokens-list.ts");
      await listTokens(world, options);
    });
}

function addRevoke(tokens: Command, world: World): void {
  remoteCommand(tokens, "revoke", "one line of JSON for each token: {accessTokenId, revoked}")
    .description("end tokens at once, with all that was made with them")
    .argument("<id...>", "ids of tokens, as the list shows them; not the tokens themselves")
    .action(async (ids: readonly string[], options: RemoteOptions) => {
      const { revokeTokens } = await import("./tokens-revoke.ts");
      await revokeTokens(world, ids, options);
    });
}

// stowage tokens revoke: access tokens come to their end.
import { type AuthClient, askAuth } from "./auth-client.ts";
import { printLines } from "./print.ts";
import { printable } from "./readable.ts";
import { problemOf, type RemoteOptions } from "./remote-registry.ts";
import { CommandFailure, EXIT, type World } from "./world.ts";

/** Revokes all that there are; fails when some of them are not. */
export async function revokeTokens(
  world: World,
  ids: readonly string[],
  options: RemoteOptions,
): Promise<void> {
  const secret = ids.find((id) => /^sto[wr]_/.test(id));
  if (secret !== undefined) throw new CommandFailure(SECRET, { exitCode: EXIT.usage });
  await askAuth(options, async (client) => {
    const unknown: string[] = [];
    for (const id of new Set(ids)) {
      const done = JSON.stringify({ accessTokenId: id, revoked: true });
      if (!(await revoke(client, id))) unknown.push(id);
      else
        await printLines(world.out, [
          options.json === true ? done : `Access token ${printable(id)} is revoked.`,
        ]);
    }
    if (unknown.length > 0) throw unknownTokens(unknown);
  });
}

/** The secret is not repeated, though its being on a command line is bad enough. */
const SECRET =
  'what begins with "stow_" or "stor_" is a token itself, and no longer a secret: others can read command lines. ' +
  'Revoke it by its id, which "stowage tokens list" shows';

/** False: there is none, or it is somebody else's. */
async function revoke(client: AuthClient, accessTokenId: string): Promise<boolean> {
  try {
    await client.revokeAccessToken({ accessTokenId });
    return true;
  } catch (error) {
    if (problemOf(error)?.reason === "ACCESS_TOKEN_UNKNOWN") return false;
    throw error;
  }
}

function unknownTokens(ids: readonly string[]): CommandFailure {
  const names = ids.map((id) => `"${printable(id)}"`).join(", ");
  return new CommandFailure(`there is no access token ${names} of yours; "stowage tokens list" shows them`);
}

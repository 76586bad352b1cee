// stowage tokens create: a new access token.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type AccessToken, CreateAccessTokenResponseSchema } from "../gen/stowage/v1/auth_service_pb.ts";
import { askAuth } from "./auth-client.ts";
import { parseExpires } from "./expires-option.ts";
import { parsePrincipalId } from "./principal-option.ts";
import { printLines, printWholeJson } from "./print.ts";
import { printable } from "./readable.ts";
import type { RemoteOptions } from "./remote-registry.ts";
import { createView, type View } from "./view.ts";
import { CommandFailure, type World } from "./world.ts";

export interface CreateTokenOptions extends RemoteOptions {
  readonly description: string;
  readonly scope?: readonly string[];
  readonly expires?: string;
  readonly owner?: string;
}

/** The token alone goes to standard output, so that a shell can take it from there. */
export async function createToken(world: World, options: CreateTokenOptions): Promise<void> {
  const { description, scope = [], expires, owner } = options;
  const request = {
    description,
    scopes: [...scope],
    owner: owner === undefined ? "" : parsePrincipalId(owner),
    ...(expires !== undefined && { expireTime: timestampFromMs(parseExpires(expires, world.now())) }),
  };
  const response = await askAuth(options, (client) => client.createAccessToken(request));
  const { accessToken, token } = response;
  if (accessToken === undefined || token === "")
    throw new CommandFailure("the registry answered without a token");
  if (options.json === true)
    return await printWholeJson(world.out, CreateAccessTokenResponseSchema, response);
  // Before the token, so that the last thing on a terminal is what is to be copied.
  await printLines(world.err, explanation(createView({ out: world.err, now: world.now }), accessToken));
  await world.out.write(`${printable(token)}\n`);
}

function explanation(view: View, { accessTokenId, owner, scopes, expireTime }: AccessToken): string[] {
  const allowed = scopes.length === 0 ? `may do all that ${owner} may` : `allows ${scopes.join(" ")}`;
  const end = expireTime === undefined ? "does not end by itself" : `ends ${view.fullTime(expireTime)}`;
  return [
    `stowage: access token ${accessTokenId} of ${owner} ${allowed}, and ${end}.`,
    `It is shown only now. To end it: stowage tokens revoke ${accessTokenId}`,
  ].map(printable);
}

// Access tokens as credentials. Who shows one is its owner, as far as the token allows.
import type { GoodAccessToken } from "./access-token.ts";
import type { AccessTokens } from "./access-tokens.ts";
import type { TokenAuthority } from "./credentials.ts";
import { badToken } from "./jwt-shape.ts";
import type { Limit, Principal } from "./principal.ts";
import { ACCESS_TOKEN_PREFIX } from "./secret-token.ts";

/** The principal of an id as the files have it now. Undefined: there is none, or it may not come in. */
export type FindPrincipal = (id: string) => Principal | undefined;

/** The owner, within the token's scopes and its own; undefined when there is none any more. */
export function actingFor(token: GoodAccessToken, find: FindPrincipal): Principal | undefined {
  const owner = find(token.ownerId);
  if (owner === undefined) return undefined;
  const limit = limitOf(token, owner);
  const end = Math.min(
    token.expireTime ?? Number.POSITIVE_INFINITY,
    owner.expireTime ?? Number.POSITIVE_INFINITY,
  );
  return Object.freeze({
    ...owner,
    tokenId: token.tokenId,
    ...(limit !== undefined && { limit }),
    ...(Number.isFinite(end) && { expireTime: end }),
  });
}

function limitOf({ scopes }: GoodAccessToken, { limit: within }: Principal): Limit | undefined {
  if (scopes.length === 0) return within;
  return { kind: "scoped", access: scopes, ...(within !== undefined && { within }) };
}

export interface AccessTokenAuthorityParts {
  readonly accessTokens: AccessTokens;
  readonly find: FindPrincipal;
}

export class AccessTokenAuthority implements TokenAuthority {
  readonly #parts: AccessTokenAuthorityParts;

  constructor(parts: AccessTokenAuthorityParts) {
    this.#parts = parts;
  }

  async check(text: string): Promise<Principal | undefined> {
    if (!text.startsWith(ACCESS_TOKEN_PREFIX)) return undefined;
    const { accessTokens, find } = this.#parts;
    const token = await accessTokens.check(text);
    const owner = token && actingFor(token, find);
    if (owner === undefined)
      throw badToken("it is unknown, revoked or expired, or its owner may not come in");
    return owner;
  }
}

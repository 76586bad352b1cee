// The desk where access tokens are made, listed and revoked: who may do what with
// whose. Everybody may with their own, who may administrate the registry with all.
import { RegistryError } from "../oci/errors.ts";
import { type AccessToken, accessTokenUnknown } from "./access-token.ts";
import type { FindPrincipal } from "./access-token-authority.ts";
import type { AccessTokenRequest } from "./access-token-request.ts";
import type { AccessTokenPage, AccessTokens } from "./access-tokens.ts";
import { Unauthorized } from "./credentials.ts";
import type { Principal } from "./principal.ts";
import { quoted } from "./quoted.ts";

export interface AccessTokenDeskParts {
  readonly accessTokens: AccessTokens;
  readonly find: FindPrincipal;
  /** True: it may administrate the registry. */
  readonly isAdmin: (principal: Principal) => boolean;
}

export interface AccessTokenListRequest {
  /** A principal's id. Empty: the caller's. */
  readonly owner: string;
  /** True: everybody's. */
  readonly all: boolean;
  readonly after?: string | undefined;
  readonly limit: number;
}

export class AccessTokenDesk {
  readonly #parts: AccessTokenDeskParts;

  constructor(parts: AccessTokenDeskParts) {
    this.#parts = parts;
  }

  /** Makes a token for the owner; empty: for the caller. Throws Unauthorized, DENIED, REQUEST_INVALID, TOOMANYREQUESTS. */
  async create(
    caller: Principal,
    owner: string,
    request: AccessTokenRequest,
  ): Promise<{ readonly token: string; readonly record: AccessToken }> {
    const { accessTokens, find, isAdmin } = this.#parts;
    demandName(caller);
    // Else whoever finds a token could make one that outlives it.
    if (caller.tokenId !== undefined || caller.limit?.kind === "exact")
      throw denied(caller, "a token cannot make access tokens; authenticate with the password");
    const ownerId = owner === "" ? caller.id : principalId(owner);
    if (ownerId !== caller.id && !isAdmin(caller))
      throw denied(caller, `${quoted(ownerId)} is somebody else`);
    // Else a part of somebody's permissions, or a token of some minutes, would become all of somebody else's.
    if (ownerId !== caller.id && (caller.limit !== undefined || caller.kind === "oidc"))
      throw denied(caller, "who is limited itself makes no access tokens for others");
    if (find(ownerId) === undefined)
      throw denied(caller, `${quoted(ownerId)} is in no file of users and robots, or may not come in`);
    return accessTokens.create(ownerId, request);
  }

  /** Throws Unauthorized, DENIED. */
  async list(caller: Principal, request: AccessTokenListRequest): Promise<AccessTokenPage> {
    const { accessTokens, isAdmin } = this.#parts;
    demandName(caller);
    const { owner, all, after, limit } = request;
    const ownerId = owner === "" ? caller.id : principalId(owner);
    if (!isAdmin(caller)) {
      if (all || ownerId !== caller.id)
        throw denied(caller, "who does not administrate sees only their own tokens");
      if (!isUnlimited(caller)) throw denied(caller, "the credential is limited to something else");
    }
    return accessTokens.list({ after, limit, ...(!all && { owner: ownerId }) });
  }

  /** Throws Unauthorized, DENIED; ACCESS_TOKEN_UNKNOWN also for what is somebody else's. */
  async revoke(caller: Principal, id: string): Promise<void> {
    const { accessTokens, isAdmin } = this.#parts;
    demandName(caller);
    const { owner } = await accessTokens.get(id);
    if (!isAdmin(caller)) {
      if (owner !== caller.id) throw accessTokenUnknown(id);
      // Whoever has a token may end it, whatever else it is good for.
      if (id !== caller.tokenId && !isUnlimited(caller))
        throw denied(caller, "the credential is limited to something else");
    }
    await accessTokens.revoke(id);
  }
}

/** A principal's id as people write it: "alice" stands for "user:alice". */
export function principalId(text: string): string {
  return text.includes(":") || text === "anonymous" ? text : `user:${text}`;
}

function demandName({ kind }: Principal): void {
  if (kind === "anonymous") throw new Unauthorized("authentication required");
}

/** True: it is who it is, and not a token that was made for a part of that. */
function isUnlimited({ limit, tokenId }: Principal): boolean {
  return limit === undefined || (limit.kind === "scoped" && tokenId === undefined);
}

function denied({ id }: Principal, why: string): RegistryError {
  const message = `requested access to the resource is denied: ${why}`;
  return new RegistryError("DENIED", { principal: id }, { message: message.toWellFormed() });
}

// The desk where bearer tokens are given out: by what somebody proves who they are,
// and which of the scopes they ask for a token gets.
import { formatScope, type ResourceActions } from "../oci/access.ts";
import { RegistryError } from "../oci/errors.ts";
import { actingFor } from "./access-token-authority.ts";
import type { AccessTokens } from "./access-tokens.ts";
import { type Password, Unauthorized } from "./credentials.ts";
import type { IssuedToken, Issuer } from "./issuer.ts";
import type { Principal } from "./principal.ts";
import { quoted } from "./quoted.ts";
import type { RefreshTokenGrant, RefreshTokens } from "./refresh-tokens.ts";
import { parseRequestedScopes } from "./token-scopes.ts";

/** What the desk asks the doorman. */
export interface DeskDoorman {
  /** Who knows this password; undefined: nobody. Guessing is slowed down. Throws TOOMANYREQUESTS. */
  checkPassword(password: Password, address: string | undefined): Promise<Principal | undefined>;
  /** Whose token it is; undefined: of no kind that is known. Throws Unauthorized. */
  checkToken(token: string): Promise<Principal | undefined>;
  /** True: what the principal was let in by still holds. */
  isCurrent(principal: Principal): boolean;
  /** The principal of this id as the files have it now. */
  find(id: string): Principal | undefined;
  readonly may: {
    /** Which of the resource's actions the principal may do. */
    allowed(principal: Principal, resource: ResourceActions): readonly string[];
  };
}

export interface TokenDeskParts {
  readonly doorman: DeskDoorman;
  readonly accessTokens: AccessTokens;
  readonly issuer: Issuer;
  readonly refreshTokens: RefreshTokens;
  /** Changes whenever the password of this user or robot does. Undefined: there is no such one, or it is not known. */
  readonly fingerprint: (id: string) => string | undefined;
}

/** How somebody proves who they are. */
export type Grant =
  | ({ readonly kind: "password" } & Password)
  /** A token that the desk gave out for this. */
  | { readonly kind: "refresh"; readonly token: string }
  /** Somebody else's token, or an access token. */
  | { readonly kind: "subject"; readonly token: string };

export interface TokenRequest {
  /** Who the call's own credentials say it is. */
  readonly caller: Principal;
  /** Absent: the caller's own credentials count. */
  readonly grant?: Grant;
  /** The client's IP address, where it is known. */
  readonly address?: string | undefined;
  /** Whose tokens are meant. Empty: ours. */
  readonly service: string;
  readonly scopes: readonly string[];
  /** True: a refresh token is wanted, too. */
  readonly offline: boolean;
  readonly clientId: string;
}

export interface TokenAnswer extends IssuedToken {
  /** Absent: none was asked for, or there is none for such a credential. */
  readonly refreshToken?: string;
  /** Of those that were asked for, what the token is good for. */
  readonly scopes: readonly string[];
}

export class TokenDesk {
  readonly #parts: TokenDeskParts;

  constructor(parts: TokenDeskParts) {
    this.#parts = parts;
  }

  /** Throws Unauthorized, REQUEST_INVALID, TOOMANYREQUESTS. */
  async issue(request: TokenRequest): Promise<TokenAnswer> {
    const { issuer } = this.#parts;
    const { service, scopes, grant, offline, clientId } = request;
    if (service !== "" && service !== issuer.service)
      throw invalid(`service ${quoted(service)} is not ours, which is ${quoted(issuer.service)}`);
    const requested = parseRequestedScopes(scopes);
    const principal = await this.#prove(request);
    // Else a token could be prolonged for ever, by the leeway that those who check it grant.
    if (principal.limit?.kind === "exact")
      throw new Unauthorized("a bearer token of a token server does not do for another one");
    const access = this.#allowed(principal, requested);
    const issued = await issuer.issue({ principal, access });
    const refreshToken =
      offline && grant?.kind !== "refresh" ? await this.#makeRefreshToken(principal, clientId) : undefined;
    return {
      ...issued,
      scopes: access.map(formatScope),
      ...(refreshToken !== undefined && { refreshToken }),
    };
  }

  /** The public keys of the tokens, as a JSON Web Key Set. */
  jwks(): Promise<string> {
    return this.#parts.issuer.jwks();
  }

  async #prove({ caller, grant, address }: TokenRequest): Promise<Principal> {
    const { doorman } = this.#parts;
    switch (grant?.kind) {
      case undefined:
        return caller;
      case "password":
        return this.#demand(
          await doorman.checkPassword(grant, address),
          "the user name or the password is wrong",
        );
      case "refresh":
        return this.#demand(
          await this.#checkRefresh(grant.token),
          "the refresh token is not good, or not any more",
        );
      case "subject":
        return this.#demand(
          await doorman.checkToken(grant.token),
          "the token is not valid here, or not any more",
        );
    }
  }

  #demand(principal: Principal | undefined, problem: string): Principal {
    if (principal === undefined || !this.#parts.doorman.isCurrent(principal)) throw new Unauthorized(problem);
    return principal;
  }

  async #checkRefresh(text: string): Promise<Principal | undefined> {
    const { refreshTokens, accessTokens, doorman, fingerprint } = this.#parts;
    const grant = await refreshTokens.check(text);
    if (grant === undefined) return undefined;
    if (grant.accessTokenId !== undefined) {
      const token = await accessTokens.find(grant.accessTokenId);
      return token && actingFor(token, (id) => doorman.find(id));
    }
    // Who changed the password wants to keep out whoever knew the old one.
    return fingerprint(grant.principal) === grant.fingerprint ? doorman.find(grant.principal) : undefined;
  }

  #allowed(principal: Principal, requested: readonly ResourceActions[]): readonly ResourceActions[] {
    return requested
      .map((resource) => ({ ...resource, actions: this.#parts.doorman.may.allowed(principal, resource) }))
      .filter(({ actions }) => actions.length > 0);
  }

  /** Only for who stands in a file of ours, from which it can be taken out again. */
  async #makeRefreshToken(principal: Principal, clientId: string): Promise<string | undefined> {
    const { refreshTokens, doorman, fingerprint } = this.#parts;
    const { kind, id, tokenId, expireTime, isForeign } = principal;
    const isOurs = (kind === "user" || kind === "robot") && isForeign !== true;
    if (!isOurs || doorman.find(id) === undefined) return undefined;
    const print = tokenId === undefined ? fingerprint(id) : undefined;
    const grant: RefreshTokenGrant = {
      principal: id,
      clientId,
      ...(tokenId !== undefined && { accessTokenId: tokenId }),
      ...(print !== undefined && { fingerprint: print }),
    };
    return refreshTokens.create(grant, expireTime);
  }
}

function invalid(message: string): RegistryError {
  return new RegistryError("REQUEST_INVALID", {}, { message: message.toWellFormed() });
}

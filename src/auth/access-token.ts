// An access token as the rest of the house knows it: without its secret.
import type { AccessTokenRecord } from "../metadata/token-records.ts";
import { parseScope, type ResourceActions } from "../oci/access.ts";
import { RegistryError } from "../oci/errors.ts";
import { quoted } from "./quoted.ts";

/** What everybody may know of a token who may know of it at all. */
export interface AccessToken extends Omit<AccessTokenRecord, "hash"> {
  readonly id: string;
}

/** A token that is good. */
export interface GoodAccessToken {
  readonly tokenId: string;
  /** The principal it acts for. */
  readonly ownerId: string;
  /** Empty: all that the owner may do. */
  readonly scopes: readonly ResourceActions[];
  /** In milliseconds since 1970. Absent: it does not end. */
  readonly expireTime?: number;
}

/** The token as it is known where it is used. */
export function goodToken(
  tokenId: string,
  { owner, scopes, expireTime }: AccessTokenRecord,
): GoodAccessToken {
  return {
    tokenId,
    ownerId: owner,
    scopes: scopes.map(scopeOfText),
    ...(expireTime !== undefined && { expireTime }),
  };
}

/** It was read when the token was made. */
function scopeOfText(text: string): ResourceActions {
  const scope = parseScope(text);
  if (scope === undefined) throw new Error(`an access token has ${quoted(text)} as scope, which is none`);
  return scope;
}

/** What is said of an id that names no token, or none of the caller's. */
export function accessTokenUnknown(id: string): RegistryError {
  const shown = id.slice(0, 64).toWellFormed();
  const message = `there is no access token with the id ${quoted(shown)}`;
  return new RegistryError("ACCESS_TOKEN_UNKNOWN", { access_token_id: shown }, { message });
}

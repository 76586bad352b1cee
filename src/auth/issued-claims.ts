// The claims of the registry's own tokens on their way back: who was given the token,
// and what for. The signature was checked before.
import { parseScope, type ResourceActions } from "../oci/access.ts";
import { isJsonObject } from "../oci/strict-json.ts";
import { badToken } from "./jwt-shape.ts";
import { ANONYMOUS, type Limit, type Principal, type PrincipalKind, principal } from "./principal.ts";

type Claims = Readonly<Record<string, unknown>>;

const KINDS: readonly Exclude<PrincipalKind, "anonymous">[] = ["user", "robot", "cert", "oidc"];

/** Whom the token is for, limited to what it is good for. Throws Unauthorized("invalid_token"). */
export function principalOfClaims(claims: Claims, expireTime: number): Principal {
  const { principal: id, access, groups = [], limit = [], token_id: tokenId } = claims;
  if (!isList(groups, isText) || !isList(access, isResource) || !isList(limit, isTextList))
    throw badToken('its "access", "groups" or "limit" have not their form');
  if (tokenId !== undefined && !isText(tokenId)) throw badToken('its "token_id" is no text');
  const within = limitOf(limit);
  const more = {
    groups,
    limit: { kind: "exact", access, ...(within !== undefined && { within }) },
    expireTime,
    ...(tokenId !== undefined && { tokenId }),
  } as const;
  if (id === ANONYMOUS.id) return Object.freeze({ ...ANONYMOUS, ...more, groups: [] });
  const [, kind, name = ""] = /^([a-z]+):(.+)$/s.exec(isText(id) ? id : "") ?? [];
  const known = KINDS.find((one) => one === kind);
  if (known === undefined) throw badToken('its "principal" is not known');
  return principal(known, name, more);
}

/** From lists of scopes, the outermost first. */
function limitOf([first, ...others]: readonly (readonly string[])[]): Limit | undefined {
  if (first === undefined) return undefined;
  const within = limitOf(others);
  return { kind: "scoped", access: first.map(scopeOfText), ...(within !== undefined && { within }) };
}

function scopeOfText(text: string): ResourceActions {
  const scope = parseScope(text);
  if (scope === undefined) throw badToken('its "limit" holds what is no scope');
  return scope;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isList<T>(value: unknown, isItem: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.every(isItem);
}

function isTextList(value: unknown): value is readonly string[] {
  return isList(value, isText);
}

function isResource(value: unknown): value is ResourceActions {
  if (!isJsonObject(value)) return false;
  const { type, class: kind, name, actions } = value;
  return isText(type) && isText(name) && isTextList(actions) && (kind === undefined || isText(kind));
}

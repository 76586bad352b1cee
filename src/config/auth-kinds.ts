// Which kinds of authentication the auth section chooses. A kind is chosen by being
// named, be it with nothing behind the colon: what is missing in it is a problem
// then, never an open door.
import { isRawMap, type RawMap } from "./raw-tree.ts";

/** The names in the auth section: "htpasswd", "policy", … */
export type AuthKinds = ReadonlySet<string>;

/** By these somebody can be known. */
export const IDENTITIES = ["users", "htpasswd", "token", "oidc", "certificates"] as const;

/** Undefined: there is no auth section. Empty: there is one, and it says nothing. */
export function authKinds(root: RawMap): AuthKinds | undefined {
  if (!Object.hasOwn(root, "auth")) return undefined;
  return new Set(isRawMap(root.auth) ? Object.keys(root.auth) : []);
}

/** Whether there is a token endpoint when the configuration does not say. */
export function issuesTokens(kinds: AuthKinds): boolean {
  if (kinds.has("none") || kinds.has("silly") || kinds.has("token")) return false;
  const isAsked = ["users", "oidc", "policy"].some((kind) => kinds.has(kind));
  return isAsked && IDENTITIES.some((kind) => kinds.has(kind));
}

// Who somebody is, once it is proved.
import type { ResourceActions } from "../oci/access.ts";

/** How a principal is known; the first word of its id. */
export type PrincipalKind = "anonymous" | "user" | "robot" | "cert" | "oidc";

/**
 * What one credential allows of what its principal may do.
 *
 * exact: a token made for named resources; a wider one can be fetched (a bearer token).
 * scoped: what its owner allowed; names are globs, and there is nothing wider behind it.
 */
export interface Limit {
  readonly kind: "exact" | "scoped";
  readonly access: readonly ResourceActions[];
  /** The limit of the credential that this one was made with; it holds too. */
  readonly within?: Limit;
}

/** Somebody who was let in, or nobody in particular. Frozen; the same object for the same credential as long as it is remembered. */
export interface Principal {
  readonly kind: PrincipalKind;
  /** "user:alice", "robot:ci", "cert:build.example.com", "oidc:github:repo:acme/app"; "anonymous". Policy and explain go by it. */
  readonly id: string;
  /** What events and logs call it: a user's bare name, otherwise the id. Absent: anonymous. */
  readonly actor?: string;
  readonly groups: readonly string[];
  /** Absent: all that the policy allows. */
  readonly limit?: Limit;
  /** When the credential ends, in milliseconds since 1970. Absent: it does not. */
  readonly expireTime?: number;
  /** The id of the access token or refresh token it came with. */
  readonly tokenId?: string;
  /** Of a user or robot: changes with what the file says of it, password included. */
  readonly account?: string;
  /** True: it came from a token server elsewhere, which may know of wider tokens than we can. */
  readonly isForeign?: boolean;
}

export const ANONYMOUS: Principal = Object.freeze({ kind: "anonymous", id: "anonymous", groups: [] });

/** A principal of ours by kind and name; expiry, limit and so on as given. */
export function principal(
  kind: Exclude<PrincipalKind, "anonymous">,
  name: string,
  more: Partial<Omit<Principal, "kind" | "id" | "actor">> = {},
): Principal {
  const id = `${kind}:${name}`;
  return Object.freeze({ groups: [], ...more, kind, id, actor: kind === "user" ? name : id });
}

/** What is kept in files. */
export interface Kept {
  readonly kind: "user" | "robot";
  readonly name: string;
}

/** The user or robot that has this id; undefined for ids of others. */
export function keptOf(id: string): Kept | undefined {
  const [, kind, name = ""] = /^(user|robot):(.+)$/s.exec(id) ?? [];
  return kind === "user" || kind === "robot" ? { kind, name } : undefined;
}

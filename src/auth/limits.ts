// What a credential allows of what its principal may do.
import type { Action, Need, RegistryPart, ResourceActions } from "../oci/access.ts";
import { parseGlob } from "../oci/glob.ts";
import type { Limit } from "./principal.ts";

/**
 * yes: the credential allows it. wider: it does not, but another one of the same principal may. no: nothing behind it
 * allows it.
 */
export type LimitVerdict = "yes" | "wider" | "no";

/** Whether a credential allows everything that is needed. */
export function limitVerdict(limit: Limit | undefined, need: Need): LimitVerdict {
  if (limit === undefined) return "yes";
  const behind = limitVerdict(limit.within, need);
  if (behind !== "yes") return behind;
  if (need.kind === "registry" ? allowsPart(limit, need.part) : allowsActions(limit, need)) return "yes";
  return limit.kind === "exact" ? "wider" : "no";
}

/** Where repositories are shown. */
export type Show = "catalog" | "events";

/** Whether the repository may be shown there. What a token was made for by name says nothing about that. */
export function limitShows(limit: Limit | undefined, repository: string, show: Show): boolean {
  for (let one = limit; one !== undefined; one = one.within) {
    const { access } = one;
    if (one.kind === "scoped" && !allowsPartByName(access, show) && !allows(access, repository, "pull"))
      return false;
  }
  return true;
}

/** True: it keeps no repository out of sight there. */
export function limitShowsAll(limit: Limit | undefined, show: Show): boolean {
  for (let one = limit; one !== undefined; one = one.within)
    if (one.kind === "scoped" && !allowsPartByName(one.access, show)) return false;
  return true;
}

/** True: the token was made for resources by name. */
export function isExact(limit: Limit | undefined): boolean {
  for (let one = limit; one !== undefined; one = one.within) if (one.kind === "exact") return true;
  return false;
}

/** True: it can keep a repository out of lists and events. */
export function limitsSight(limit: Limit | undefined): boolean {
  for (let one = limit; one !== undefined; one = one.within) if (one.kind === "scoped") return true;
  return false;
}

function allowsActions({ kind, access }: Limit, need: Extract<Need, { kind: "repository" }>): boolean {
  const { repository, actions } = need;
  return kind === "exact"
    ? actions.every((action) =>
        access.some((resource) => resource.name === repository && covers(resource, action)),
      )
    : actions.every((action) => allows(access, repository, action));
}

/** Who may pull something may list it and follow it. */
function allowsPart({ kind, access }: Limit, part: RegistryPart): boolean {
  if (allowsPartByName(access, part)) return true;
  return kind === "scoped" && part !== "admin" && access.some((resource) => covers(resource, "pull"));
}

function allowsPartByName(access: readonly ResourceActions[], part: RegistryPart): boolean {
  return access.some(
    ({ type, name, actions }) =>
      type === "registry" && (name === part || name === "*") && actions.includes("*"),
  );
}

function allows(access: readonly ResourceActions[], repository: string, action: Action): boolean {
  return access.some((resource) => covers(resource, action) && globOf(resource.name).matches(repository));
}

function covers({ type, actions }: ResourceActions, action: Action): boolean {
  if (type !== "repository") return false;
  return actions.some((allowed) => allowed === "*" || allowed === "admin" || allowed === action);
}

type Globs = ReturnType<typeof parseGlob>;

/** Compiled ones; scopes of tokens and robots are few and come again. */
const globs = new Map<string, Globs>();

const MAX_GLOBS = 1000;

function globOf(text: string): Globs {
  const known = globs.get(text);
  if (known !== undefined) return known;
  if (globs.size >= MAX_GLOBS) globs.clear();
  const glob = parseGlob(text);
  globs.set(text, glob);
  return glob;
}

// What can be done with what: the words in which needs, rules and tokens speak of
// access. The text forms are Docker's resource scopes: "repository:a/b:pull,push".
// docs.docker.com/registry/spec/auth/scope; distribution, token scope grammar.
import type { RepositoryName } from "./reference.ts";

/** What a principal may do with a repository. "admin" includes the others. */
export const ACTIONS = ["pull", "push", "delete", "admin"] as const;

export type Action = (typeof ACTIONS)[number];

/** What belongs to the registry and to no repository: its list of repositories, its events, its steering. */
export const REGISTRY_PARTS = ["catalog", "events", "admin"] as const;

export type RegistryPart = (typeof REGISTRY_PARTS)[number];

/** What a call needs: all actions of it on one repository, or one part of the registry. */
export type Need =
  | { readonly kind: "repository"; readonly repository: RepositoryName; readonly actions: readonly Action[] }
  | { readonly kind: "registry"; readonly part: RegistryPart };

/** One resource and what may be done with it, as tokens and scopes say it. Nothing about it is checked. */
export interface ResourceActions {
  /** "repository", "registry"; others mean nothing here. */
  readonly type: string;
  /** "plugin" in "repository(plugin)". Absent: images. */
  readonly class?: string;
  /** In scopes of ours it may be a glob. */
  readonly name: string;
  /** "*" stands for all. */
  readonly actions: readonly string[];
}

export function isAction(text: string): text is Action {
  return ACTIONS.some((action) => action === text);
}

/** The scope that a token must have for all of these: "repository:a/b:pull,push registry:catalog:*". */
export function scopeOf(needs: readonly Need[]): string {
  return needs.map(scopeOfNeed).join(" ");
}

function scopeOfNeed(need: Need): string {
  return need.kind === "registry"
    ? `registry:${need.part}:*`
    : `repository:${need.repository}:${need.actions.join(",")}`;
}

/** The resource as a scope. */
export function formatScope({ type, class: kind, name, actions }: ResourceActions): string {
  return `${type}${kind === undefined ? "" : `(${kind})`}:${name}:${actions.join(",")}`;
}

const TYPE = /^([a-z0-9]+)(?:\(([a-z0-9]+)\))?$/;

/**
 * One scope, such as "repository:a/b:pull,push"; the name may hold colons (a host's port). Undefined when the text is
 * none.
 */
export function parseScope(text: string): ResourceActions | undefined {
  const [first, last] = [text.indexOf(":"), text.lastIndexOf(":")];
  if (first < 0 || last <= first + 1) return undefined;
  const [, type = "", kind] = TYPE.exec(text.slice(0, first)) ?? [];
  const actions = text
    .slice(last + 1)
    .split(",")
    .filter((action) => action !== "");
  if (type === "") return undefined;
  const resource = { type, name: text.slice(first + 1, last), actions };
  return kind === undefined ? resource : { ...resource, class: kind };
}

// May they: what the policy allows a principal, within what its credential allows.
import type { PolicyRule } from "../config/access.ts";
import {
  ACTIONS,
  isAction,
  type Need,
  REGISTRY_PARTS,
  type ResourceActions,
  scopeOf,
} from "../oci/access.ts";
import { RegistryError } from "../oci/errors.ts";
import { parseRepositoryName } from "../oci/reference.ts";
import { Unauthorized } from "./credentials.ts";
import { isExact, limitShows, limitShowsAll, limitsSight, limitVerdict, type Show } from "./limits.ts";
import { Policy, REGISTRY } from "./policy.ts";
import type { Principal } from "./principal.ts";

/** Whether a repository may be shown; asked for each. For undefined: whether all of them may. */
export type Sight = (repository: string | undefined) => boolean;

export class Permissions {
  #policy: Policy;

  constructor(rules: readonly PolicyRule[] | undefined) {
    this.#policy = new Policy(rules);
  }

  get policy(): Policy {
    return this.#policy;
  }

  /** From now on. */
  setPolicy(rules: readonly PolicyRule[] | undefined): void {
    this.#policy = new Policy(rules);
  }

  /** Throws Unauthorized to who may do better with other credentials, DENIED to who may not. */
  demand(who: Principal, needs: readonly Need[]): void {
    for (const need of needs) {
      if (!this.#policyAllows(who, need)) throw this.#refused(who, need);
    }
    for (const need of needs) {
      const verdict = limitVerdict(who.limit, need);
      if (verdict === "wider")
        throw new Unauthorized("the token does not allow this; ask for one that does", "insufficient_scope");
      if (verdict === "no") throw denied(who, need, "its scopes do not allow it");
    }
  }

  /** True: it may administrate the registry. */
  isAdmin(who: Principal): boolean {
    const need: Need = { kind: "registry", part: "admin" };
    return this.#policyAllows(who, need) && limitVerdict(who.limit, need) === "yes";
  }

  /** Which of the resource's actions the principal may do: what a token for it may hold. */
  allowed(who: Principal, resource: ResourceActions): readonly string[] {
    const { type, name, actions } = resource;
    if (type === "registry") {
      const part = REGISTRY_PARTS.find((known) => known === name);
      if (part === undefined || !actions.includes("*")) return [];
      const need: Need = { kind: "registry", part };
      return this.#policyAllows(who, need) && limitVerdict(who.limit, need) === "yes" ? ["*"] : [];
    }
    const repository = repositoryOf(resource);
    if (repository === undefined) return [];
    const asked = actions.includes("*") ? ACTIONS : actions.filter(isAction);
    return asked.filter((action) => {
      const need: Need = { kind: "repository", repository, actions: [action] };
      return this.#policyAllows(who, need) && limitVerdict(who.limit, need) === "yes";
    });
  }

  /** Which repositories the principal may be shown there, as the policy says whenever it is asked. */
  sight(who: Principal, show: Show): Sight {
    let policy: Policy | undefined;
    let seesAll = false;
    const known = new Map<string, boolean>();
    return (repository) => {
      if (policy !== this.#policy) {
        policy = this.#policy;
        seesAll = policy.allowsEverywhere(who, "pull") && limitShowsAll(who.limit, show);
        known.clear();
      }
      if (seesAll) return true;
      if (repository === undefined) return false;
      const remembered = known.get(repository);
      if (remembered !== undefined) return remembered;
      const isShown = policy.allows(who, "pull", repository) && limitShows(who.limit, repository, show);
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(repository, isShown);
      return isShown;
    };
  }

  /** True: there is no repository that it may not pull from with what it shows. */
  pullsEverywhere(who: Principal): boolean {
    return !isExact(who.limit) && this.seesAll(who);
  }

  /** True: there is no repository that it may not be shown. */
  seesAll(who: Principal): boolean {
    return this.#policy.allowsEverywhere(who, "pull") && !limitsSight(who.limit);
  }

  /** True: the policy lets it push to some repository, if only it exists. */
  pushesSomewhere(who: Principal): boolean {
    return this.#policy.allowsSomewhere(who, "push");
  }

  #policyAllows(who: Principal, need: Need): boolean {
    const policy = this.#policy;
    if (need.kind === "repository")
      return need.actions.every((action) => policy.allows(who, action, need.repository));
    switch (need.part) {
      case "catalog":
        return policy.allowsSomewhere(who, "pull");
      case "events": // they tell who did what from where
        return who.kind !== "anonymous" && policy.allowsSomewhere(who, "pull");
      case "admin":
        return policy.allows(who, "admin", REGISTRY);
    }
  }

  #refused(who: Principal, need: Need): RegistryError {
    return who.kind === "anonymous" ? nameless(who) : denied(who, need, "the policy does not allow it");
  }
}

/** For who has no name, where one is needed. */
export function nameless({ limit }: Principal): Unauthorized {
  // Who came with an anonymous token shall get one with a name.
  return new Unauthorized("authentication required", limit === undefined ? undefined : "insufficient_scope");
}

/** How many repositories' visibility one stream or list remembers. */
const MAX_KNOWN = 4096;

function denied({ id }: Principal, need: Need, why: string): RegistryError {
  const scope = scopeOf([need]);
  const message = `requested access to the resource is denied: ${id} asks for ${scope}, and ${why}`;
  return new RegistryError("DENIED", { scope, principal: id }, { message });
}

function repositoryOf({ type, name }: ResourceActions) {
  if (type !== "repository") return undefined;
  try {
    return parseRepositoryName(name);
  } catch {
    return undefined;
  }
}

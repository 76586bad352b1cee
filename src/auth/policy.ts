// May they: one list of rules. The first rule that names the repository, the caller
// and the action decides; if none does, it is refused. "admin" includes the other
// actions. Rules for all repositories ("**") are about the registry itself, too.
// Without a policy, who is authenticated may do everything, and who is vouched for by
// a token server elsewhere: the token says what.
import type { PolicyRule } from "../config/access.ts";
import { ACTIONS, type Action } from "../oci/access.ts";
import { parseGlob } from "../oci/glob.ts";
import type { Principal } from "./principal.ts";

/** What was decided, and by which rule. */
export interface Decision {
  readonly allowed: boolean;
  /** Its place in the list, from 1. Absent: no rule decided, or there are none. */
  readonly rule?: number;
  /** In one sentence. */
  readonly reason: string;
}

/** The registry itself, where a repository's name could stand. */
export const REGISTRY = Symbol("the registry itself");

export type Place = string | typeof REGISTRY;

const EVERYTHING = "**";

interface CompiledRule {
  readonly number: number;
  readonly isAllowing: boolean;
  /** Allowing "admin" is allowing everything; refusing it is refusing just that. */
  readonly concerns: (action: Action) => boolean;
  readonly names: (principal: Principal) => boolean;
  readonly covers: (place: Place) => boolean;
  readonly coversAll: boolean;
  readonly text: string;
}

/** Unchangeable; a policy that is read again is a new one. */
export class Policy {
  readonly #rules: readonly CompiledRule[] | undefined;
  /** The rules that concern an action: every request asks, and most rules are about others. */
  readonly #concerning: ReadonlyMap<Action, readonly CompiledRule[]>;

  /** Absent rules: who is authenticated may do everything. */
  constructor(rules: readonly PolicyRule[] | undefined) {
    this.#rules = rules?.map(compile);
    this.#concerning = new Map(
      ACTIONS.map((action) => [action, this.#rules?.filter((rule) => rule.concerns(action)) ?? []]),
    );
  }

  allows(principal: Principal, action: Action, place: Place): boolean {
    if (this.#rules === undefined) return isVouchedFor(principal);
    return this.#find(principal, action, place)?.isAllowing ?? false;
  }

  /** The same, with the reason in words. */
  explain(principal: Principal, action: Action, place: Place): Decision {
    if (this.#rules === undefined) return withoutRules(principal);
    const rule = this.#find(principal, action, place);
    if (rule !== undefined)
      return {
        allowed: rule.isAllowing,
        rule: rule.number,
        reason: `rule ${rule.number} decides: ${rule.text}`,
      };
    const count = this.#rules.length;
    const rules = count === 1 ? "the one rule does not name" : `none of the ${count} rules names`;
    return { allowed: false, reason: `${rules} this caller, action and repository together` };
  }

  /** True: the principal may do it with whatever repository there is. False: perhaps with some. */
  allowsEverywhere(principal: Principal, action: Action): boolean {
    if (this.#rules === undefined) return isVouchedFor(principal);
    const first = this.#about(action).filter((rule) => rule.names(principal));
    // Rules that allow a part before the one that allows all change nothing.
    const decisive = first.find((rule) => rule.coversAll || !rule.isAllowing);
    return decisive?.isAllowing === true && decisive.coversAll;
  }

  /** True: there is a repository with which the principal may do it, if only it exists. */
  allowsSomewhere(principal: Principal, action: Action): boolean {
    if (this.#rules === undefined) return isVouchedFor(principal);
    const first = this.#about(action).filter((rule) => rule.names(principal));
    const end = first.findIndex((rule) => rule.coversAll);
    const reachable = end < 0 ? first : first.slice(0, end + 1);
    return reachable.some(({ isAllowing }) => isAllowing);
  }

  #find(principal: Principal, action: Action, place: Place): CompiledRule | undefined {
    return this.#about(action).find((rule) => rule.names(principal) && rule.covers(place));
  }

  #about(action: Action): readonly CompiledRule[] {
    return this.#concerning.get(action) ?? [];
  }
}

/** A token server elsewhere gives tokens to nobody in particular, too: for what anybody may do. */
function isVouchedFor({ kind, isForeign }: Principal): boolean {
  return kind !== "anonymous" || isForeign === true;
}

function withoutRules(principal: Principal): Decision {
  return isVouchedFor(principal)
    ? { allowed: true, reason: "there is no policy, and without one who is authenticated may do everything" }
    : {
        allowed: false,
        reason: "there is no policy, and without one who is not authenticated may do nothing",
      };
}

function compile({ repositories, who, effect, actions }: PolicyRule, index: number): CompiledRule {
  const fits = anyOf(repositories.map(matcher));
  const coversAll = repositories.includes(EVERYTHING);
  const isAllowing = effect === "allow";
  const all = isAllowing && actions.includes("admin");
  return {
    number: index + 1,
    isAllowing,
    concerns: (action) => all || actions.includes(action),
    names: anyOf(who.map(compileWord)),
    covers: (place) => coversAll || (place !== REGISTRY && fits(place)),
    coversAll,
    text: `${effect} ${actions.join(", ")} on ${repositories.join(", ")} for ${who.join(", ")}`,
  };
}

/** Every request asks all rules in front of the one that fits, and most have one word and one glob. */
function anyOf<T>(tests: readonly ((value: T) => boolean)[]): (value: T) => boolean {
  const [first, ...others] = tests;
  if (first !== undefined && others.length === 0) return first;
  return (value) => tests.some((test) => test(value));
}

function compileWord(word: string): (principal: Principal) => boolean {
  if (word === "anyone") return () => true;
  if (word === "anonymous") return ({ kind }) => kind === "anonymous";
  if (word === "authenticated") return ({ kind }) => kind !== "anonymous";
  const [, kind = "", name = ""] = /^([a-z]+):(.*)$/s.exec(word) ?? [];
  const glob = parseNameGlob(kind === "group" ? name : word);
  return kind === "group" ? ({ groups }) => groups.some((group) => glob(group)) : ({ id }) => glob(id);
}

/** A glob over the name of a principal or a group, as over a repository's: "*" stops at "/", "**" does not. */
export function parseNameGlob(text: string): (name: string) => boolean {
  if (!/[*?\\]/.test(text)) return (name) => name === text;
  return matcher(text);
}

function matcher(text: string): (name: string) => boolean {
  const glob = parseGlob(text);
  return (name) => glob.matches(name);
}

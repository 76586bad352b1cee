// The words of the policy: who, and what they may do. The names in them are globs.
import { ACTIONS, type Action, isAction } from "../oci/access.ts";
import { RegistryError } from "../oci/errors.ts";
import { parseGlob } from "../oci/glob.ts";
import type { Parsed } from "./key.ts";
import { suggest } from "./nearest.ts";

const WHO = ["anyone", "anonymous", "authenticated"] as const;

const KINDS = ["group", "user", "robot", "cert", "oidc"] as const;

/** The forms of a word, for people. */
export const WHO_FORMS =
  "anyone, anonymous, authenticated, group:NAME, user:NAME, robot:NAME, cert:NAME or oidc:PROVIDER:SUBJECT";

/** What others call them. */
const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ["*", "anyone"],
  ["**", "anyone"],
  ["all", "anyone"],
  ["everybody", "anyone"],
  ["everyone", "anyone"],
  ["public", "anyone"],
  ["guest", "anonymous"],
]);

const OTHER_ACTIONS: ReadonlyMap<string, Action> = new Map([
  ["*", "admin"],
  ["all", "admin"],
  ["read", "pull"],
  ["write", "push"],
]);

/** A word for whom a rule is about. */
export function parseWho(text: string): Parsed<string> {
  if (WHO.some((word) => word === text)) return { value: text };
  const colon = text.indexOf(":");
  if (colon < 0) return { problem: unknownWord(text) };
  return parsePrincipal(text, KINDS);
}

/** A glob over the ids of principals: no groups, and nobody who is anonymous. */
export function parsePrincipalGlob(text: string): Parsed<string> {
  return parsePrincipal(text, KINDS.slice(1));
}

function parsePrincipal(text: string, kinds: readonly string[]): Parsed<string> {
  const [, kind = "", name = ""] = /^([^:]*):(.*)$/s.exec(text) ?? [];
  const known = kinds.map((word) => `${word}:`);
  if (!kinds.includes(kind)) {
    const begun = text.includes(":") ? `${kind}:` : text;
    return { problem: `"${text}" must begin with ${known.join(", ")}; ${suggest(begun, known, ":")}` };
  }
  if (name === "")
    return { problem: `"${text}" lacks a name behind the colon; for all of them write "${kind}:**"` };
  if (kind === "oidc" && !/^[^:]+:./s.test(name))
    return {
      problem: `"${text}" names no subject; for all of this provider write "${text.replace(/:$/, "")}:**"`,
    };
  return parseName(text);
}

function unknownWord(text: string): string {
  const meant = OTHER_WORDS.get(text.toLowerCase());
  if (meant !== undefined) return `"${text}" is no word for callers; write "${meant}"`;
  const suggestion = suggest(text, WHO, " ");
  const near = suggestion.startsWith("did you mean") ? suggestion : `for a user write "user:${text}"`;
  return `"${text}" is no word for callers; ${near} (there are ${WHO_FORMS})`;
}

/** What may be done. */
export function parseAction(text: string): Parsed<Action> {
  if (isAction(text)) return { value: text };
  const meant = OTHER_ACTIONS.get(text.toLowerCase());
  if (meant === undefined) return { problem: `"${text}" is no action; ${suggest(text, ACTIONS, " ")}` };
  const more = meant === "admin" ? ", which includes all others" : "";
  return { problem: `"${text}" is no action; write "${meant}"${more}` };
}

/** A glob over names of repositories. */
export function parseRepositoryGlob(text: string): Parsed<string> {
  return check(text, text);
}

/** A glob over names of principals and groups. In them, too, "*" stops at "/". */
export function parseName(text: string): Parsed<string> {
  return check(text, text);
}

function check(text: string, glob: string): Parsed<string> {
  try {
    parseGlob(glob);
    return { value: text };
  } catch (error) {
    if (error instanceof RegistryError) return { problem: error.message };
    throw error;
  }
}

// Which tokens of an identity provider may come in, by their claims, and what they may
// do. The first rule whose conditions all hold counts.
import type { OidcRule } from "../config/access.ts";
import type { ResourceActions } from "../oci/access.ts";
import { type Glob, parseGlob } from "../oci/glob.ts";
import { isJsonObject, type JsonObject } from "../oci/strict-json.ts";

/** What a rule gives to who fits it. */
export interface Grant {
  readonly groups: readonly string[];
  /** Absent: whatever the policy allows. */
  readonly scopes?: readonly ResourceActions[];
}

/** Finds the grant for a token's claims; undefined when no rule fits. */
export type RuleFinder = (claims: JsonObject) => Grant | undefined;

/** Reads the rules once. Throws FILTER_INVALID for a glob that is none. */
export function compileRules(rules: readonly OidcRule[]): RuleFinder {
  const compiled = rules.map((rule) => ({
    grant: rule,
    conditions: Object.entries(rule.claims).map(([path, globs]) => ({ path, globs: globs.map(parseGlob) })),
  }));
  return (claims) =>
    compiled.find(({ conditions }) =>
      conditions.every(({ path, globs }) => fits(valuesAt(claims, path), globs)),
    )?.grant;
}

function fits(values: readonly string[], globs: readonly Glob[]): boolean {
  return values.some((value) => globs.some((glob) => glob.matches(value)));
}

/**
 * The texts of the claim; several for a list. A dot leads into an object, unless it is part of a name, as in
 * "kubernetes.io": all ways to read the path are followed.
 */
function valuesAt(claims: JsonObject, path: string): readonly string[] {
  const values = Object.hasOwn(claims, path) ? textsOf(claims[path]) : [];
  const deeper = Object.keys(claims)
    .filter((name) => path.startsWith(`${name}.`))
    .flatMap((name) => {
      const inner = claims[name];
      return isJsonObject(inner) ? valuesAt(inner, path.slice(name.length + 1)) : [];
    });
  return [...values, ...deeper];
}

function textsOf(value: unknown): readonly string[] {
  if (Array.isArray(value))
    return value.flatMap((item: unknown) => (Array.isArray(item) ? [] : textsOf(item)));
  const isText = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  return isText ? [String(value)] : [];
}

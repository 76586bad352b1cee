// Scopes as a configuration or a users file grants them: Docker's form, with a glob
// as the name: "repository:acme/**:pull,push", "registry:catalog:*".
import { isAction, parseScope, REGISTRY_PARTS, type ResourceActions } from "../oci/access.ts";
import { parseAction, parseRepositoryGlob } from "./access-words.ts";
import type { Parsed } from "./key.ts";
import { suggest } from "./nearest.ts";

const FORM = '"repository:NAMES:ACTIONS", such as "repository:acme/**:pull,push"';

/** A scope that means something here. */
export function parseAllowedScope(text: string): Parsed<ResourceActions> {
  const scope = parseScope(text);
  if (scope === undefined || scope.class !== undefined || scope.actions.length === 0)
    return { problem: `"${text}" is no scope; write ${FORM}` };
  const problem = problemOf(scope);
  return problem === undefined ? { value: scope } : { problem: `scope "${text}": ${problem}` };
}

function problemOf({ type, name, actions }: ResourceActions): string | undefined {
  if (type === "registry") return registryProblem(name, actions);
  if (type !== "repository")
    return `"${type}" is no kind of resource; ${suggest(type, ["repository", "registry"], ":")}`;
  const glob = parseRepositoryGlob(name);
  if ("problem" in glob) return glob.problem;
  const wrong = actions.find((action) => action !== "*" && !isAction(action));
  const parsed = wrong === undefined ? undefined : parseAction(wrong);
  return parsed !== undefined && "problem" in parsed ? parsed.problem : undefined;
}

function registryProblem(name: string, actions: readonly string[]): string | undefined {
  if (name !== "*" && !REGISTRY_PARTS.some((part) => part === name))
    return `the registry has no part "${name}"; ${suggest(name, REGISTRY_PARTS, ":")}`;
  return actions.includes("*")
    ? undefined
    : `parts of the registry have one action: write "registry:${name}:*"`;
}

// From the scopes that a client asks a token for to what the token will hold.
import { parseScope, type ResourceActions } from "../oci/access.ts";
import { RegistryError } from "../oci/errors.ts";
import { quoted } from "./quoted.ts";

const MAX_SCOPES = 100;

const MAX_SCOPE_LENGTH = 512;

/**
 * What is asked for, each resource once. What is no scope is left out, as Docker's token protocol wants it. Throws
 * REQUEST_INVALID when it is too much.
 */
export function parseRequestedScopes(texts: readonly string[]): readonly ResourceActions[] {
  const scopes = texts.flatMap((text) => text.split(" ", MAX_SCOPES + 1)).filter((text) => text !== "");
  if (scopes.length > MAX_SCOPES) throw invalid(`there are more than ${MAX_SCOPES} scopes`);
  const found = new Map<string, ResourceActions>();
  for (const text of scopes) {
    if (text.length > MAX_SCOPE_LENGTH)
      throw invalid(
        `scope ${quoted(text)} has ${text.length} characters; at most ${MAX_SCOPE_LENGTH} are allowed`,
      );
    const scope = parseScope(text);
    if (scope === undefined) continue;
    const key = `${scope.type}(${scope.class ?? ""}):${scope.name}`;
    const actions = [...(found.get(key)?.actions ?? []), ...scope.actions];
    found.set(key, { ...scope, actions: [...new Set(actions)] });
  }
  return [...found.values()];
}

function invalid(message: string): RegistryError {
  return new RegistryError("REQUEST_INVALID", {}, { message: message.toWellFormed() });
}

// The words for what can be done with a repository, as callers write them.
import { type Action, isAction } from "../oci/access.ts";
import { RegistryError } from "../oci/errors.ts";

/** Throws REQUEST_INVALID. */
export function parseAction(text: string): Action {
  if (isAction(text)) return text;
  throw invalid(`action "${text.slice(0, 80)}" must be pull, push, delete or admin`);
}

/** Each once. Throws REQUEST_INVALID, also where there is none. */
export function parseActions(texts: readonly string[]): readonly Action[] {
  if (texts.length === 0) throw invalid("actions must name at least one of pull, push, delete and admin");
  return [...new Set(texts.map(parseAction))];
}

function invalid(message: string): RegistryError {
  return new RegistryError("REQUEST_INVALID", {}, { message: message.toWellFormed() });
}

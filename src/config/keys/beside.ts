// What stands beside the registry: another registry to fetch from, programs around
// it, and what distribution calls policy.
import { z } from "zod";
import { inert, refused } from "../key.ts";

/** Entries of a list that say nothing, or say "disabled: true", ask for nothing. */
function hasEnabledEntry(value: unknown): boolean {
  if (!Array.isArray(value)) return true;
  return value.some((entry) => !(typeof entry === "object" && entry !== null && entry.disabled === true));
}

const middleware = (what: string) =>
  refused({
    schema: z.array(z.unknown()),
    type: "a list",
    refuses: hasEnabledEntry,
    meaning: `Programs around ${what}.`,
    instead: "middleware is not supported; remove it",
  });

export const besideKeys = {
  proxy: refused({
    type: "a map",
    meaning: "Another registry to fetch from.",
    instead: "fetching from another registry is not supported yet; remove it",
  }),
  "middleware.registry": middleware("the registry"),
  "middleware.repository": middleware("repositories"),
  "middleware.storage": middleware("the storage"),
  "policy.repository.classes": inert({
    type: "a list",
    below: "tree",
    meaning: "It concerns tokens only.",
  }),
} as const;

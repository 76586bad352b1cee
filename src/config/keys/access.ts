// Who may do what, and what happens beside: auth, proxy, middleware, policy.
import { z } from "zod";
import { acts, inert, refused } from "../key.ts";

const NO_AUTH =
  'only "auth: none: {}" is supported yet; remove it and listen on a loopback address behind a proxy that authenticates';

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

export const accessKeys = {
  "auth.none": acts({
    schema: z.unknown().transform((value) => value !== undefined),
    type: "nothing, or {}",
    below: "tree",
    bare: true,
    meaning:
      "Says in so many words that everybody who reaches the registry may read and write. Needed to listen on an address that other machines can reach.",
  }),
  "auth.silly": refused({ type: "a map", meaning: "Authentication for tests.", instead: NO_AUTH }),
  "auth.htpasswd": refused({ type: "a map", meaning: "Users and passwords in a file.", instead: NO_AUTH }),
  "auth.token": refused({ type: "a map", meaning: "Tokens of a token server.", instead: NO_AUTH }),
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

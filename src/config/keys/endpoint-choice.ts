// Which events an element of notifications.endpoints is about.
import { z } from "zod";
import { RegistryError } from "../../oci/errors.ts";
import { EVENT_KINDS, type EventKind, isEventKind } from "../../oci/event-kinds.ts";
import { parseGlob } from "../../oci/glob.ts";
import { acts, reject } from "../key.ts";
import { suggest } from "../nearest.ts";
import { WEBHOOK_ACTIONS } from "../webhook.ts";

/** More makes each event cost too much. */
const MAX_ENTRIES = 100;

const glob = z.string().transform((value, context) => {
  try {
    return parseGlob(value).text;
  } catch (error) {
    return reject(context, error instanceof RegistryError ? error.message : undefined);
  }
});

const kind = z.string().transform((value, context): EventKind => {
  return isEventKind(value) ? value : reject(context, suggest(value, EVENT_KINDS, "_"));
});

const globs = (what: string) =>
  acts({
    schema: z.array(glob).max(MAX_ENTRIES).default([]),
    type: `a list of at most ${MAX_ENTRIES} globs`,
    below: "tree",
    verbatim: "elements",
    meaning: `Only events about ${what} that one of these matches. Absent or empty: all.`,
  });

const mediaTypes = (meaning: string) =>
  acts({
    schema: z.array(z.string()).default([]),
    type: "a list of media types",
    below: "tree",
    verbatim: "elements",
    meaning,
  });

export const choiceKeys = {
  "filter.repositories": globs("repositories"),
  "filter.kinds": acts({
    schema: z.array(kind).max(MAX_ENTRIES).default([]),
    type: `a list of at most ${MAX_ENTRIES} event kinds`,
    below: "tree",
    verbatim: "elements",
    meaning: `Only events of these kinds: ${EVENT_KINDS.map((name) => `\`${name}\``).join(", ")}. Absent or empty: all.`,
  }),
  "filter.mediatypes": globs("blobs and manifests with a media type"),
  "filter.artifacttypes": globs("manifests with an artifact type"),
  "filter.tags": globs("tags"),
  ignoredmediatypes: mediaTypes(
    "No events about blobs and manifests of these media types, which are taken literally.",
  ),
  "ignore.mediatypes": mediaTypes("Like `ignoredmediatypes`, and added to it."),
  "ignore.actions": acts({
    schema: z.array(z.enum(WEBHOOK_ACTIONS)).default([]),
    type: "a list of push, pull, mount and delete",
    below: "tree",
    verbatim: "elements",
    meaning: "No events that tell of these actions.",
  }),
} as const;

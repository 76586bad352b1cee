// What is checked of manifests that are pushed. Also what distribution no longer reads, which stands in older files.
import { z } from "zod";
import { acts, FLAG, flag, inert, refused, reject } from "../key.ts";

const hasEntries = (value: unknown) => !Array.isArray(value) || value.length > 0;

const urls = (what: string) =>
  refused({
    schema: z.array(z.string()),
    type: "a list of regular expressions",
    refuses: hasEntries,
    meaning: `URLs that descriptors in manifests ${what} name.`,
    instead: "URLs in manifests are not checked yet; remove it if every URL may be named",
  });

const platforms = z.string().transform((word, context) => {
  const lower = word.toLowerCase();
  if (lower === "all" || lower === "none") return lower;
  return reject(context, lower === "list" ? "a choice of platforms is not supported yet" : undefined);
});

export const checkKeys = {
  "validation.disabled": inert({
    schema: z.boolean(),
    type: FLAG,
    meaning: "What is pushed is always verified.",
  }),
  "validation.enabled": inert({
    schema: z.boolean(),
    type: FLAG,
    meaning: "What is pushed is always verified.",
  }),
  "validation.manifests.urls.allow": urls("may"),
  "validation.manifests.urls.deny": urls("may not"),
  "validation.manifests.indexes.platforms": acts({
    schema: platforms,
    type: "all or none",
    default: "all",
    meaning:
      "Which of the manifests that an index names must be in the repository when it is pushed. `none` accepts sparse indexes.",
  }),
  "validation.manifests.indexes.platformlist": inert({
    schema: z.array(z.unknown()),
    type: "a list",
    below: "tree",
    meaning: "It concerns `platforms: list` only.",
  }),
  redis: inert({ type: "a map", below: "tree", meaning: "Nothing is kept in Redis." }),
  reporting: inert({
    type: "a map",
    below: "tree",
    meaning: "Distribution 2 only. Nothing is reported to others.",
  }),
  "compatibility.schema1.enabled": acts({
    schema: flag,
    type: FLAG,
    default: false,
    meaning:
      "Whether signed Docker schema 1 manifests can be pushed; all their signatures must be valid. Those that are there, imported ones too, can be pulled either way.",
  }),
  "compatibility.schema1.signingkeyfile": inert({
    type: "the path of a file",
    verbatim: "all",
    meaning: "Distribution 2 only. No manifest is converted to schema 1, so none is signed.",
  }),
} as const;

// quotas: what repositories may hold at most. Without it they may hold anything.
import { z } from "zod";
import { byteSize } from "../byte-size.ts";
import { acts, COUNT, count, text } from "../key.ts";
import { keyTable, type ValuesOf } from "../key-table.ts";
import { pathOfGlob, type QuotaConfig } from "../quotas.ts";
import { type ElementForm, elementsOf, showElements } from "../read-elements.ts";
import type { ValueProblem } from "../read-table.ts";
import { parseRetainedGlob } from "../retention-globs.ts";
import { oneOrMore } from "../text-schemas.ts";

const GLOBS = "a glob, or a list of globs";

/** What may stand in a quota. */
export const QUOTA = keyTable({
  name: acts({
    schema: text.pipe(z.string().regex(/^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/)).optional(),
    type: "1 to 64 visible ASCII characters",
    verbatim: "all",
    meaning:
      "What errors and `stowage usage` call the quota. Absent: its place in the list, such as `quota 1`.",
  }),
  repositories: acts({
    schema: oneOrMore(parseRetainedGlob),
    type: GLOBS,
    below: "tree",
    verbatim: "elements",
    // With nothing behind the colon it must not become a quota for all of them.
    bare: true,
    meaning: "Required. The repositories that the quota is about.",
  }),
  scope: acts({
    schema: z.enum(["each", "together"]),
    default: "each",
    type: "`each` or `together`",
    meaning:
      "Whether each of the repositories has the limits, or all of them have them together. `together` needs one glob that is a path of one to three components and `/**`, such as `team/**`, or `**`.",
  }),
  bytes: acts({
    schema: byteSize.refine((value) => value > 0).optional(),
    type: 'a number of bytes above 0, or a size such as "20MiB" or "1.5GB"',
    meaning:
      "The most bytes: of blobs, and of manifests live or in the trash, each digest once in each repository. Absent: any number.",
  }),
  tags: acts({
    schema: count.optional(),
    type: COUNT,
    meaning: "The most tags. Absent: any number.",
  }),
});

type Entries = (typeof QUOTA)["entries"];

const FORM: ElementForm<Entries, QuotaConfig> = {
  table: QUOTA,
  expected: 'a map such as {repositories: "team/**", bytes: 50GiB}',
  required: { repositories: `each quota needs ${GLOBS}; for all repositories write "**"` },
  empty: "a list without quotas limits nothing; leave quotas out, or write one",
  check: (values) => [...limitless(values), ...unshareable(values)],
  unique: { member: "name", nameOf: ({ name }) => name },
  build: ({ name, repositories, scope, bytes, tags }, index) => ({
    name: name ?? `quota ${index + 1}`,
    repositories,
    scope,
    ...(bytes !== undefined && { bytes }),
    ...(tags !== undefined && { tags }),
  }),
};

function limitless({ bytes, tags }: ValuesOf<Entries>): readonly ValueProblem[] {
  if (bytes !== undefined || tags !== undefined) return [];
  return [
    { path: [], message: "it limits nothing; give it bytes (such as 50GiB), tags (such as 1000), or both" },
  ];
}

/** What is shared is counted by path. */
function unshareable({ scope, repositories }: ValuesOf<Entries>): readonly ValueProblem[] {
  if (scope === "each") return [];
  const [glob = "", ...others] = repositories;
  if (others.length > 0) {
    const message = "with scope: together a quota is about one path; write a quota for each";
    return [{ path: ["repositories"], message }];
  }
  if (pathOfGlob(glob) !== undefined) return [];
  const message = `with scope: together it must be "**" or a path of one to three components and "/**", such as "team/**", not "${glob}"; scope: each takes any glob`;
  return [{ path: ["repositories"], message }];
}

export const quotaKeys = {
  quotas: acts({
    schema: elementsOf(FORM),
    type: "a list of quotas",
    below: "tree",
    elements: QUOTA,
    // With all quotas commented out somebody believes that they act.
    bare: true,
    show: showElements(QUOTA),
    meaning:
      "What repositories may hold at most. All quotas that fit a repository apply; a push beyond one is refused with DENIED, which names it. What is there already stays.",
  }),
} as const;

// retention: which tags and untagged manifests the registry removes by itself. Without
// it, it removes none.
import { z } from "zod";
import { acts, COUNT, count, FLAG, flag, POSITIVE_DURATION, positiveDuration, text } from "../key.ts";
import { keyTable } from "../key-table.ts";
import { type ElementForm, elementsOf, showElements } from "../read-elements.ts";
import type { RetentionConditions, RetentionRule } from "../retention.ts";
import { parseRetainedGlob, parseTagGlob } from "../retention-globs.ts";
import { oneOrMore } from "../text-schemas.ts";

const GLOBS = "a glob, or a list of globs";

const globs = (parse: typeof parseTagGlob, meaning: string, more: { readonly default?: unknown } = {}) =>
  acts({
    schema: oneOrMore(parse),
    type: GLOBS,
    below: "tree",
    verbatim: "elements",
    // With nothing behind the colon it must not become a rule for all of them.
    bare: true,
    meaning,
    ...more,
  });

const within = (meaning: string) =>
  acts({ schema: positiveDuration.optional(), type: POSITIVE_DURATION, meaning });

/** What may stand in a rule. */
export const RETENTION_RULE = keyTable({
  name: acts({
    schema: text.pipe(z.string().regex(/^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/)).optional(),
    type: "1 to 64 visible ASCII characters",
    verbatim: "all",
    meaning: "What simulations and events call the rule. Absent: its place in the list, such as `rule 1`.",
  }),
  repositories: globs(parseRetainedGlob, "Required. The repositories that the rule is about."),
  tags: globs(parseTagGlob, "The tags that the rule is about.", { default: "**" }),
  "keep.newest": acts({
    schema: count.optional(),
    type: COUNT,
    meaning:
      "Keep as many tags as this of those that the rule decides about in a repository: the ones pushed last.",
  }),
  "keep.pushedwithin": within("Keep tags that were pushed no longer ago than this."),
  "keep.pulledwithin": within(
    "Keep tags whose manifest was pulled no longer ago than this. It needs `events.pulls.enabled`.",
  ),
  "keep.tags": globs(parseTagGlob, "Keep the tags that one of these matches."),
  "keep.always": acts({
    schema: flag.optional(),
    type: FLAG,
    meaning: "`true` keeps all of them: an exception from the rules that follow.",
  }),
});

type Entries = (typeof RETENTION_RULE)["entries"];

const CONDITIONS = "newest, pushedwithin, pulledwithin, tags or always: true";

const FORM: ElementForm<Entries, RetentionRule> = {
  table: RETENTION_RULE,
  expected: 'a map such as {repositories: "team/**", keep: {newest: 10}}',
  required: { repositories: `each rule needs ${GLOBS}; for all repositories write "**"` },
  empty: "a list without rules removes nothing; leave retention.rules out, or write a rule",
  check: (_, given) => {
    const conditions = [...given].filter(([key, value]) => key.startsWith("keep.") && value !== false);
    if (conditions.length > 0) return [];
    const message = `a rule that keeps nothing would remove every tag it fits; say what is kept: ${CONDITIONS}`;
    return [{ path: ["keep"], message }];
  },
  unique: { member: "name", nameOf: ({ name }) => name },
  build: (values, index) => ({
    name: values.name ?? `rule ${index + 1}`,
    repositories: values.repositories,
    tags: values.tags,
    keep: toConditions(values),
  }),
};

function toConditions(values: {
  readonly "keep.newest": number | undefined;
  readonly "keep.pushedwithin": number | undefined;
  readonly "keep.pulledwithin": number | undefined;
  readonly "keep.tags": readonly string[];
  readonly "keep.always": boolean | undefined;
}): RetentionConditions {
  const newest = values["keep.newest"];
  const pushedWithinMs = values["keep.pushedwithin"];
  const pulledWithinMs = values["keep.pulledwithin"];
  const tags = values["keep.tags"];
  return {
    ...(newest !== undefined && { newest }),
    ...(pushedWithinMs !== undefined && { pushedWithinMs }),
    ...(pulledWithinMs !== undefined && { pulledWithinMs }),
    ...(tags.length > 0 && { tags }),
    ...(values["keep.always"] === true && { always: true }),
  };
}

export const retentionKeys = {
  "retention.interval": within(
    "How often the rules are applied. Absent: only when `stowage retention apply` says so.",
  ),
  "retention.untagged": within(
    "How long manifests that no tag, no index and no subject leads to are kept after they were pushed or lost their tag. Absent: for ever.",
  ),
  "retention.rules": acts({
    schema: elementsOf(FORM),
    type: "a list of rules",
    below: "tree",
    elements: RETENTION_RULE,
    // With all rules commented out somebody believes that they act.
    bare: true,
    show: showElements(RETENTION_RULE),
    meaning:
      "Which tags are kept. The first rule that fits repository and tag decides: the tag is kept when any of its conditions holds, and else removed, as if deleted. A tag that no rule fits is kept.",
  }),
} as const;

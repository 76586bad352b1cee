// auth.policy: who may do what. The first rule that fits repository, caller and
// action decides.
import type { PolicyRule } from "../access.ts";
import { parseAction, parseRepositoryGlob, parseWho, WHO_FORMS } from "../access-words.ts";
import { acts } from "../key.ts";
import { keyTable } from "../key-table.ts";
import { type ElementForm, elementsOf, showElements } from "../read-elements.ts";
import { oneOrMore } from "../text-schemas.ts";

const ACTIONS = "pull, push, delete or admin, or a list of these";

const actions = (meaning: string) =>
  acts({ schema: oneOrMore(parseAction), type: ACTIONS, below: "tree", verbatim: "elements", meaning });

/** What may stand in a rule. */
export const POLICY_RULE = keyTable({
  repositories: acts({
    schema: oneOrMore(parseRepositoryGlob),
    type: "a glob, or a list of globs",
    default: "**",
    below: "tree",
    verbatim: "elements",
    // With nothing behind the colon it must not become a rule for all repositories.
    bare: true,
    meaning:
      "The repositories that the rule is about. Rules for all, `**`, are about the registry itself too: its catalogue, its events, its administration.",
  }),
  who: acts({
    schema: oneOrMore(parseWho),
    type: `${WHO_FORMS}, or a list of these`,
    below: "tree",
    verbatim: "elements",
    meaning:
      "Required. Whom the rule is about. `authenticated` is everybody but `anonymous`, and `anyone` is both. Names may be globs: `*` stops at `/`, `**` does not.",
  }),
  allow: actions("What they may do. `admin` includes the others. Each rule has this or `deny`."),
  deny: actions("What they may not do."),
});

type Entries = (typeof POLICY_RULE)["entries"];

const FORM: ElementForm<Entries, PolicyRule> = {
  table: POLICY_RULE,
  expected: 'a map such as {who: "group:dev", allow: push}',
  required: { who: `each rule needs ${WHO_FORMS}, or a list of these` },
  empty:
    "a policy without rules lets nobody do anything; remove auth.policy if who is authenticated may do everything, or write a rule: {who: authenticated, allow: [pull, push]}",
  check: (_, given) => {
    const effects = ["allow", "deny"].filter((effect) => given.has(effect));
    if (effects.length === 1) return [];
    const found = effects.length === 0 ? "neither; add one" : "both; keep one";
    return [{ path: [], message: `each rule allows or denies something; this one has ${found}` }];
  },
  build: ({ repositories, who, allow, deny }) => ({
    repositories,
    who,
    effect: allow.length > 0 ? "allow" : "deny",
    actions: [...allow, ...deny],
  }),
};

export const policyKeys = {
  "auth.policy": acts({
    schema: elementsOf(FORM),
    type: "a list of rules",
    below: "tree",
    elements: POLICY_RULE,
    // With all rules commented out it must not let everybody who is authenticated do everything.
    bare: true,
    show: showElements(POLICY_RULE),
    meaning:
      "Who may do what. The first rule that fits repository, caller and action decides; what no rule fits is refused. Absent: who is authenticated may do everything, and nobody else anything.",
  }),
} as const;

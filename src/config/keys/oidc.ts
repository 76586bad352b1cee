// auth.oidc: identity providers whose tokens are accepted, with the conditions that
// a token must fulfil.
import { z } from "zod";
import type { OidcConfig, OidcRule } from "../access.ts";
import { parseName } from "../access-words.ts";
import { parseAllowedScope } from "../allowed-scope.ts";
import { acts, TIMER, text, timer } from "../key.ts";
import { keyTable } from "../key-table.ts";
import { parsePublicUrl } from "../public-url.ts";
import { type ElementForm, elementsOf, showElements } from "../read-elements.ts";
import { listOf, oneOrMore, parsedText } from "../text-schemas.ts";

const NO_CONDITION =
  "a rule without conditions lets in everybody who can get a token of this provider; name at least one claim, such as " +
  '{repository_owner: acme} (if everybody is meant: {sub: "**"})';

/** What may stand in a provider's rule. */
const OIDC_RULE = keyTable({
  claims: acts({
    schema: z.record(z.string().min(1), oneOrMore(parseName)).default({}),
    type: "a map of claims to globs or lists of globs",
    below: "field",
    meaning:
      "Required. Claims of the token; each must fit one of its globs (`*` stops at `/`, `**` does not): `{repository_owner: acme, ref: refs/heads/main}`.",
  }),
  groups: acts({
    schema: listOf(parseName),
    type: "a list of names",
    default: [],
    below: "tree",
    verbatim: "elements",
    meaning: "The groups of who comes in by this rule; the policy can name them.",
  }),
  scopes: acts({
    schema: oneOrMore(parseAllowedScope),
    type: 'a scope, or a list of scopes, such as "repository:acme/**:pull,push"',
    below: "tree",
    verbatim: "elements",
    // With nothing behind the colon it must not allow more than before.
    bare: true,
    meaning: "The most that may be done, where the policy allows it too. Absent: whatever the policy allows.",
  }),
});

const RULE_FORM: ElementForm<(typeof OIDC_RULE)["entries"], OidcRule> = {
  table: OIDC_RULE,
  expected: "a map with claims",
  required: { claims: NO_CONDITION },
  empty: "no token of this provider is accepted without a rule; add one with claims, or remove the provider",
  check: ({ claims }) =>
    Object.keys(claims).length === 0 ? [{ path: ["claims"], message: NO_CONDITION }] : [],
  build: ({ claims, groups, scopes }) => ({ claims, groups, ...(scopes.length > 0 && { scopes }) }),
};

/** What may stand in an identity provider. */
const OIDC = keyTable({
  name: acts({
    schema: text.pipe(z.string().regex(/^[a-z0-9-]{1,64}$/)).optional(),
    type: "1 to 64 of a-z 0-9 -",
    verbatim: "all",
    meaning: "Required, and different from the others. Its callers are called `oidc:NAME:SUBJECT`.",
  }),
  issuer: acts({
    schema: parsedText((given) => parsePublicUrl(given, { secure: true, plain: true })),
    type: "an https URL",
    verbatim: "all",
    secret: true,
    meaning:
      "Required. The issuer exactly as its tokens name it, such as `https://token.actions.githubusercontent.com`. Its keys are found through it.",
  }),
  audience: acts({
    schema: text.pipe(z.string().min(1)).optional(),
    type: "text",
    verbatim: "all",
    meaning:
      "Required. The audience that a token must name, so that one made for others is not accepted here.",
  }),
  jwksurl: acts({
    schema: parsedText((given) => parsePublicUrl(given, { secure: true })),
    type: "an https URL",
    verbatim: "all",
    secret: true,
    meaning: "Where its keys are. Absent: where its own configuration says.",
  }),
  timeout: acts({
    schema: timer,
    type: TIMER,
    default: "5s",
    meaning: "How long it may take to answer.",
  }),
  rules: acts({
    schema: elementsOf(RULE_FORM),
    type: "a list of rules",
    below: "tree",
    elements: OIDC_RULE,
    bare: true,
    show: showElements(OIDC_RULE),
    meaning: "Required. The first whose claims all fit counts; where none does, the token is refused.",
  }),
});

const FORM: ElementForm<(typeof OIDC)["entries"], OidcConfig> = {
  table: OIDC,
  expected: "a map with name, issuer, audience and rules",
  required: {
    name: "callers are called by it",
    issuer: "whose tokens are accepted?",
    audience: "without it tokens made for others would be accepted here",
    rules: "nobody is let in without a rule with claims",
  },
  unique: { member: "name", nameOf: ({ name }) => name },
  build: ({ name = "", issuer = "", audience = "", jwksurl, timeout, rules = [] }) => ({
    name,
    issuer,
    audience,
    ...(jwksurl !== undefined && { jwksUrl: jwksurl }),
    timeoutMs: timeout,
    rules,
  }),
};

export const oidcKeys = {
  "auth.oidc": acts({
    schema: elementsOf(FORM),
    type: "a list of identity providers",
    default: [],
    below: "tree",
    elements: OIDC,
    show: showElements(OIDC),
    meaning: "Identity providers (OpenID Connect) whose tokens are accepted: of CI systems and clouds.",
  }),
} as const;

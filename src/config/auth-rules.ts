// What the keys of the auth section cannot tell alone: which kinds go together, what
// each of them needs, and whether anybody at all could come in.
import { type AuthKinds, authKinds, IDENTITIES } from "./auth-kinds.ts";
import type { CONFIGURATION, Values } from "./keys.ts";
import { suggest } from "./nearest.ts";
import type { RawMap, RawPath } from "./raw-tree.ts";
import type { TableReading, ValueProblem } from "./read-table.ts";

type Reading = TableReading<(typeof CONFIGURATION)["entries"]>;

/** Problems between the keys of the auth section. */
export function checkAuth(root: RawMap, reading: Reading): readonly ValueProblem[] {
  const kinds = authKinds(root);
  if (kinds === undefined) return [];
  const isWrongItself = reading.problems.some(({ path }) => path.join(".") === "auth");
  if (kinds.size === 0) return isWrongItself ? [] : [NOTHING];
  const problems = [
    ...checkCompany(kinds, reading),
    ...checkNeeds(kinds, reading),
    ...checkRealms(kinds, reading),
  ];
  const isReadable = !reading.problems.some(({ path }) => path[0] === "auth");
  if (!isReadable) return problems;
  return [...problems, ...checkCallers(kinds, reading.values), ...checkProviders(kinds, reading.values)];
}

const NOTHING: ValueProblem = {
  path: ["auth"],
  message:
    "it is there, but says nothing: name what clients are checked against, such as auth.htpasswd or auth.users; " +
    'or write "auth: none" if everybody may read and write; or remove it',
};

/** What each kind that does not bear company means, and what it bears. */
const LONERS: ReadonlyMap<string, { readonly meaning: string; readonly bears: readonly string[] }> = new Map([
  ["none", { meaning: "everybody may do everything", bears: [] }],
  ["silly", { meaning: "any Authorization header passes; for tests", bears: [] }],
  [
    "token",
    {
      meaning: "tokens of a token server elsewhere",
      bears: ["policy", "certificates", "accesstokens", "gateways"],
    },
  ],
]);

function checkCompany(kinds: AuthKinds, { given }: Reading): readonly ValueProblem[] {
  const isOff = given.get("auth.issuer.enabled") === false;
  const present = [...kinds].filter((kind) => kind !== "issuer" || !isOff);
  const loner = [...LONERS.keys()].find((kind) => kinds.has(kind));
  const { meaning, bears } = LONERS.get(loner ?? "") ?? { meaning: "", bears: present };
  const others = present.filter((kind) => kind !== loner && !bears.includes(kind));
  if (loner === undefined || others.length === 0) return [];
  const all = [loner, ...others];
  const company = bears.length === 0 ? "stands alone" : `stands only with ${listed(bears)}`;
  return [
    {
      path: ["auth"],
      message: `${listed(all)} are ${all.length === 2 ? "both" : "all"} there; auth.${loner} (${meaning}) ${company}: keep it, or keep ${listed(others)}`,
    },
  ];
}

/** The keys without which a kind is nothing. */
function checkNeeds(kinds: AuthKinds, { given }: Reading): readonly ValueProblem[] {
  const has = (path: string) => given.has(`auth.${path}`);
  const problems: ValueProblem[] = [];
  if (kinds.has("htpasswd") && !has("htpasswd.path"))
    problems.push(missing("htpasswd", ["path"], "the file that holds users and passwords"));
  if (kinds.has("users") && !has("users.path"))
    problems.push(missing("users", ["path"], "the file that holds users and robots"));
  if (kinds.has("token")) problems.push(...checkToken(has, given.get("auth.token.autoredirect") === true));
  return problems;
}

function checkToken(has: (path: string) => boolean, isRedirected: boolean): readonly ValueProblem[] {
  const needed = isRedirected ? ["service", "issuer"] : ["realm", "service", "issuer"];
  const absent = needed.filter((member) => !has(`token.${member}`));
  const hasKeys = has("token.rootcertbundle") || has("token.jwks");
  const lacking = [...absent, ...(hasKeys ? [] : ["rootcertbundle or jwks"])];
  if (lacking.length === 0) return [];
  return [missing("token", lacking, "without them no token can be checked")];
}

function missing(kind: string, members: readonly string[], purpose: string): ValueProblem {
  const verb = members.length === 1 ? "is" : "are";
  return { path: ["auth", kind], message: `${listed(members)} ${verb} missing: ${purpose}` };
}

/** A browser or docker shows one. */
function checkRealms(kinds: AuthKinds, { given }: Reading): readonly ValueProblem[] {
  const [a, b] = [given.get("auth.users.realm"), given.get("auth.htpasswd.realm")];
  const isTorn = kinds.has("users") && kinds.has("htpasswd") && a !== undefined && b !== undefined && a !== b;
  if (!isTorn) return [];
  const message = `"${String(b)}" differs from auth.users.realm, "${String(a)}"; clients are asked in one realm`;
  return [{ path: ["auth", "htpasswd", "realm"], message }];
}

/** Whether there is anybody who may do anything. */
function checkCallers(kinds: AuthKinds, values: Values): readonly ValueProblem[] {
  if (kinds.has("none") || kinds.has("silly")) return [];
  const identities = IDENTITIES.filter((kind) => kinds.has(kind));
  const isKnown = identities.some((kind) => kind !== "oidc") || (values["auth.oidc"] ?? []).length > 0;
  const policy = values["auth.policy"];
  const allowing = policy?.filter(({ effect }) => effect === "allow");
  if (allowing?.length === 0)
    return [{ path: ["auth", "policy"], message: "no rule allows anything, so nobody could do anything" }];
  if (isKnown) return [];
  const toAll = allowing?.some(({ who }) => who.includes("anyone") || who.includes("anonymous"));
  if (toAll === true) return [];
  const by = `add what clients are checked against: ${IDENTITIES.map((kind) => `auth.${kind}`).join(", ")}`;
  const message =
    policy === undefined
      ? `nobody could be known by ${listed([...kinds].map((kind) => `auth.${kind}`))}; ${by}; or write "auth: none"`
      : `every caller would be anonymous, and no rule allows anonymous or anyone anything; ${by}`;
  return [{ path: policy === undefined ? ["auth"] : ["auth", "policy"], message }];
}

/** A provider that a word names must be there, and certificates must count; a glob may name those to come. */
function checkProviders(kinds: AuthKinds, values: Values): readonly ValueProblem[] {
  const names = (values["auth.oidc"] ?? []).map(({ name }) => name);
  const words: (readonly [RawPath, string])[] = [
    ...(values["auth.policy"] ?? []).flatMap(({ who }, index) =>
      who.map((word) => [["auth", "policy", index, "who"], word] as const),
    ),
    ...values["auth.gateways"].map((word, index) => [["auth", "gateways", index], word] as const),
  ];
  return words.flatMap(([path, word]) => {
    if (word.startsWith("cert:") && !kinds.has("certificates")) {
      const message = `"${word}": nobody is known by a certificate without auth.certificates`;
      return [{ path, message }];
    }
    const [, name] = /^oidc:([a-z0-9-]+):/.exec(word) ?? [];
    if (name === undefined || names.includes(name)) return [];
    const message = `"${word}": auth.oidc has no provider "${name}"; ${suggest(name, names, ":")}`;
    return [{ path, message }];
  });
}

function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

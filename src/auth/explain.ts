// Why somebody may do something, or may not: for people who write policies.
import type { Action, Need } from "../oci/access.ts";
import type { RepositoryName } from "../oci/reference.ts";
import { limitVerdict } from "./limits.ts";
import { type Policy, REGISTRY } from "./policy.ts";
import { ANONYMOUS, type Principal, type PrincipalKind, principal } from "./principal.ts";

export interface Question {
  /** A principal's id, or "anonymous". */
  readonly principal: string;
  readonly action: Action;
  /** Absent: the registry itself. */
  readonly repository?: RepositoryName;
  /** To count the principal in, beside those that are known of it. */
  readonly groups: readonly string[];
}

export interface Explanation {
  readonly allowed: boolean;
  /** The place of the rule that decided, from 1. */
  readonly rule?: number;
  /** In one sentence. */
  readonly reason: string;
  /** True: the principal stands in a file. */
  readonly known: boolean;
  readonly groups: readonly string[];
}

export interface ExplainParts {
  readonly policy: Policy;
  /** The principal of this id as the files have it now. */
  readonly find: (id: string) => Principal | undefined;
}

export function explain(question: Question, { policy, find }: ExplainParts): Explanation {
  const known = find(question.principal);
  const groups = [...new Set([...(known?.groups ?? []), ...question.groups])];
  const who: Principal = { ...(known ?? principalOf(question.principal)), groups };
  const { action, repository } = question;
  const decision = policy.explain(who, action, repository ?? REGISTRY);
  const need: Need =
    repository === undefined
      ? { kind: "registry", part: "admin" }
      : { kind: "repository", repository, actions: [action] };
  const isLimited = decision.allowed && limitVerdict(who.limit, need) !== "yes";
  const limited = {
    allowed: false,
    reason: `${decision.reason}; but the scopes of ${who.id} do not include it`,
  };
  return { ...decision, ...(isLimited && limited), known: known !== undefined, groups };
}

const KINDS: readonly Exclude<PrincipalKind, "anonymous">[] = ["user", "robot", "cert", "oidc"];

/** Of somebody who is kept in no file. */
function principalOf(id: string): Principal {
  const [, word, name = ""] = /^([a-z]+):(.+)$/s.exec(id) ?? [];
  const kind = KINDS.find((one) => one === word);
  return kind === undefined ? ANONYMOUS : principal(kind, name);
}

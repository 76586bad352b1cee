// The one policy: which rule decides, and what is said about it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Policy, REGISTRY } from "../../src/auth/policy.ts";
import { ANONYMOUS, principal } from "../../src/auth/principal.ts";
import type { PolicyRule } from "../../src/config/access.ts";
import type { Action } from "../../src/oci/access.ts";

const alice = principal("user", "alice", { groups: ["dev"] });
const robot = principal("robot", "ci");
const workflow = principal("oidc", "github:repo:acme/app:ref:refs/heads/main");

function rule(
  repositories: string,
  who: string,
  effect: "allow" | "deny",
  ...actions: readonly Action[]
): PolicyRule {
  return { repositories: repositories.split(" "), who: who.split(" "), effect, actions };
}

test("without a policy who is authenticated may do everything, and nobody else anything", () => {
  const policy = new Policy(undefined);
  assert.equal(policy.allows(alice, "admin", REGISTRY), true);
  assert.equal(policy.allows(alice, "delete", "a/b"), true);
  assert.equal(policy.allows(ANONYMOUS, "pull", "a/b"), false);
  assert.match(policy.explain(ANONYMOUS, "pull", "a/b").reason, /no policy/);
});

test("without a policy, a token server elsewhere may vouch for nobody in particular", () => {
  const policy = new Policy(undefined);
  const vouched = { ...ANONYMOUS, isForeign: true };
  assert.equal(policy.allows(vouched, "pull", "a"), true);
  assert.equal(policy.explain(vouched, "pull", "a").allowed, true);
  const ruled = new Policy([rule("a", "authenticated", "allow", "pull")]);
  assert.equal(ruled.allows(vouched, "pull", "a"), false);
});

test("anonymous pull with authenticated push takes two rules", () => {
  const policy = new Policy([
    rule("**", "anyone", "allow", "pull"),
    rule("**", "authenticated", "allow", "push"),
  ]);
  assert.equal(policy.allows(ANONYMOUS, "pull", "a"), true);
  assert.equal(policy.allows(ANONYMOUS, "push", "a"), false);
  assert.equal(policy.allows(alice, "pull", "a"), true);
  assert.equal(policy.allows(alice, "push", "a/b/c"), true);
  assert.equal(policy.allows(alice, "delete", "a"), false);
});

test("the first rule that names repository, caller and action decides", () => {
  const policy = new Policy([
    rule("secret/**", "group:ops", "allow", "pull"),
    rule("secret/**", "anyone", "deny", "pull", "push", "delete", "admin"),
    rule("**", "authenticated", "allow", "admin"),
  ]);
  assert.equal(policy.allows(alice, "pull", "secret/x"), false);
  assert.equal(policy.allows(principal("user", "o", { groups: ["ops"] }), "pull", "secret/x"), true);
  assert.equal(policy.allows(principal("user", "o", { groups: ["ops"] }), "push", "secret/x"), false);
  assert.equal(policy.allows(alice, "push", "public/x"), true);
  const decision = policy.explain(alice, "pull", "secret/x");
  assert.deepEqual(decision, {
    allowed: false,
    rule: 2,
    reason: "rule 2 decides: deny pull, push, delete, admin on secret/** for anyone",
  });
});

test("admin includes the other actions where it is allowed, and only itself where it is refused", () => {
  const policy = new Policy([
    rule("a", "user:alice", "deny", "admin"),
    rule("**", "user:alice", "allow", "admin"),
  ]);
  assert.equal(policy.allows(alice, "admin", "a"), false);
  assert.equal(policy.allows(alice, "pull", "a"), true);
  assert.equal(policy.allows(alice, "admin", "b"), true);
});

test("only rules for all repositories are about the registry itself", () => {
  const part = new Policy([rule("a/**", "anyone", "allow", "admin")]);
  assert.equal(part.allows(alice, "admin", REGISTRY), false);
  const all = new Policy([rule("a/** **", "user:alice", "allow", "admin")]);
  assert.equal(all.allows(alice, "admin", REGISTRY), true);
  assert.equal(all.allows(robot, "admin", REGISTRY), false);
});

test("names may be globs, also those with slashes in them", () => {
  const policy = new Policy([
    rule("app/*", "oidc:github:repo:acme/**", "allow", "push"),
    rule("ci/**", "robot:*", "allow", "push"),
  ]);
  assert.equal(policy.allows(workflow, "push", "app/x"), true);
  assert.equal(policy.allows(workflow, "push", "app/x/y"), false);
  assert.equal(policy.allows(principal("oidc", "github:repo:evil/app"), "push", "app/x"), false);
  assert.equal(policy.allows(robot, "push", "ci/x/y"), true);
  assert.equal(policy.allows(principal("user", "robot:ci"), "push", "ci/x"), false);
});

test("nobody is let in by a repository's name that merely begins alike", () => {
  const policy = new Policy([rule("team", "user:alice", "allow", "push")]);
  assert.equal(policy.allows(alice, "push", "team"), true);
  for (const name of ["team/x", "teams", "a/team"]) assert.equal(policy.allows(alice, "push", name), false);
});

test("what can be said of all repositories and of some is said rightly", () => {
  const hidden = new Policy([
    rule("secret/**", "anyone", "deny", "pull"),
    rule("**", "anyone", "allow", "pull"),
  ]);
  assert.equal(hidden.allowsEverywhere(alice, "pull"), false);
  assert.equal(hidden.allowsSomewhere(alice, "pull"), true);
  const open = new Policy([rule("a/**", "anyone", "allow", "pull"), rule("**", "anyone", "allow", "pull")]);
  assert.equal(open.allowsEverywhere(alice, "pull"), true);
  const closed = new Policy([rule("**", "anyone", "deny", "pull"), rule("a", "anyone", "allow", "pull")]);
  assert.equal(closed.allowsSomewhere(alice, "pull"), false);
  assert.equal(new Policy([]).allowsSomewhere(alice, "pull"), false);
});

test("where no rule decides, that is said", () => {
  const policy = new Policy([rule("a", "user:bob", "allow", "pull")]);
  const { allowed, rule: number, reason } = policy.explain(alice, "pull", "a");
  assert.deepEqual([allowed, number], [false, undefined]);
  assert.match(reason, /does not name/);
});

// What credentials allow: tokens made by name, scopes that are globs, and one behind
// the other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { limitShows, limitVerdict } from "../../src/auth/limits.ts";
import type { Limit } from "../../src/auth/principal.ts";
import { type Action, type Need, parseScope, type ResourceActions } from "../../src/oci/access.ts";
import { parseRepositoryName } from "../../src/oci/reference.ts";

function access(...scopes: readonly string[]): readonly ResourceActions[] {
  return scopes.map((scope) => parseScope(scope) ?? assert.fail(scope));
}

const exact = (...scopes: readonly string[]): Limit => ({ kind: "exact", access: access(...scopes) });
const scoped = (...scopes: readonly string[]): Limit => ({ kind: "scoped", access: access(...scopes) });

const on = (repository: string, ...actions: readonly Action[]): Need => ({
  kind: "repository",
  repository: parseRepositoryName(repository),
  actions,
});

const part = (name: "admin" | "catalog" | "events"): Need => ({ kind: "registry", part: name });

test("no limit allows all", () => {
  assert.equal(limitVerdict(undefined, part("admin")), "yes");
  assert.equal(limitShows(undefined, "a", "catalog"), true);
});

test("a token for a repository by name allows just what it names", () => {
  const limit = exact("repository:a/b:pull,push", "repository:c:*");
  assert.equal(limitVerdict(limit, on("a/b", "pull", "push")), "yes");
  assert.equal(limitVerdict(limit, on("a/b", "delete")), "wider");
  assert.equal(limitVerdict(limit, on("a", "pull")), "wider");
  assert.equal(limitVerdict(limit, on("c", "delete", "admin")), "yes");
  assert.equal(limitVerdict(limit, part("catalog")), "wider");
});

test("in a token a star in a name is a name, not a glob", () => {
  assert.equal(limitVerdict(exact("repository:a/*:pull"), on("a/b", "pull")), "wider");
  assert.equal(limitVerdict(exact("repository:**:pull"), on("a/b", "pull")), "wider");
});

test("scopes are globs, and there is nothing wider behind them", () => {
  const limit = scoped("repository:acme/**:pull");
  assert.equal(limitVerdict(limit, on("acme/x/y", "pull")), "yes");
  assert.equal(limitVerdict(limit, on("acme/x", "push")), "no");
  assert.equal(limitVerdict(limit, on("acmes/x", "pull")), "no");
  assert.equal(limitVerdict(limit, part("catalog")), "yes");
  assert.equal(limitVerdict(limit, part("admin")), "no");
  assert.deepEqual(
    [limitShows(limit, "acme/x", "events"), limitShows(limit, "other", "events")],
    [true, false],
  );
});

test("steering the registry must be named", () => {
  assert.equal(limitVerdict(scoped("registry:admin:*"), part("admin")), "yes");
  assert.equal(limitVerdict(scoped("registry:*:*"), part("admin")), "yes");
  assert.equal(limitVerdict(scoped("repository:**:*"), part("admin")), "no");
  assert.equal(limitVerdict(exact("registry:catalog:*"), part("catalog")), "yes");
  assert.equal(limitVerdict(exact("registry:catalog:*"), part("admin")), "wider");
});

test("what is behind a token holds too, and a wider token would not help against it", () => {
  const limit: Limit = { ...exact("repository:b:pull"), within: scoped("repository:a:pull") };
  assert.equal(limitVerdict(limit, on("b", "pull")), "no");
  assert.equal(limitVerdict(limit, on("a", "pull")), "wider");
  assert.deepEqual([limitShows(limit, "a", "catalog"), limitShows(limit, "b", "catalog")], [true, false]);
});

test("other types of resources allow nothing here", () => {
  assert.equal(limitVerdict(exact("registry:a:pull"), on("a", "pull")), "wider");
  assert.equal(limitVerdict(scoped("repo:a:pull"), on("a", "pull")), "no");
});

test("who may have the whole catalog does not follow the events of all", () => {
  const limit = scoped("registry:catalog:*", "repository:pub/**:pull");
  assert.deepEqual(
    [limitShows(limit, "secret/x", "catalog"), limitShows(limit, "secret/x", "events")],
    [true, false],
  );
  assert.equal(limitShows(limit, "pub/x", "events"), true);
  assert.equal(limitVerdict(scoped("registry:catalog:*"), part("events")), "no");
});

// Lists of repositories in every order, with what they hold, against all of them sorted here.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Place } from "../../../src/core/listing/place.ts";
import type {
  ListedRepository,
  RepositoryListRequest,
  RepositoryOrder,
} from "../../../src/core/listing/repositories.ts";
import { manifestCountKey, repositoryKey } from "../../../src/metadata/keys.ts";
import { add, put, sum } from "../../../src/metadata/metadata-store.ts";
import { usageKey } from "../../../src/metadata/usage-keys.ts";
import { NO_USAGE } from "../../../src/metadata/usage-record.ts";
import { parseRepositoryName } from "../../../src/oci/reference.ts";
import { Random } from "../../support/random.ts";
import { type Study, withCore } from "../study.ts";

const sortedName = (name: string) => name.replaceAll("/", "\x01");

/** Repositories whose every number is shared by some, and some that hold blobs but no manifest. */
async function fill({ context }: Study, count: number): Promise<ListedRepository[]> {
  const random = new Random(`repositories ${count}`);
  const repositories = Array.from({ length: count }, (_, index) => {
    const name = parseRepositoryName(`${random.pick(["acme/", "acme-", "", "z/y/x/"])}r${index}`);
    const usage = {
      ...NO_USAGE,
      blobs: 1,
      bytes: random.integer(1, 9) * 1000,
      manifests: random.integer(1, 3),
      tags: random.integer(0, 3),
      pulls: random.integer(0, 4),
      pushTime: random.integer(1, 9),
      ...(random.chance(0.5) && { pullTime: random.integer(1, 9) }),
    };
    return { name, usage, createTime: index };
  });
  const empty = parseRepositoryName("acme/blobs-only");
  const changes = [
    ...repositories.flatMap(({ name, usage, createTime }) => [
      put(repositoryKey(name), { createTime }),
      add(manifestCountKey(name), usage.manifests),
      sum(usageKey(name), usage),
    ]),
    put(repositoryKey(empty), { createTime: 1 }),
    sum(usageKey(empty), { blobs: 1, bytes: 1e9 }),
  ];
  await context.metadata.commit({ changes });
  return repositories.toSorted((a, b) => (sortedName(a.name) < sortedName(b.name) ? -1 : 1));
}

async function all({ core }: Study, request: RepositoryListRequest): Promise<ListedRepository[]> {
  const found: ListedRepository[] = [];
  let after: Place | undefined;
  for (let pages = 0; ; pages++) {
    assert.ok(pages < 10_000, "no end");
    const place = after === undefined ? {} : { after };
    const { items, next } = await core.lists.repositories({ ...request, ...place });
    assert.ok(items.length <= request.limit);
    found.push(...items);
    if (next === undefined) return found;
    after = next;
  }
}

const ORDERS: readonly RepositoryOrder[] = ["name", "bytes", "tags", "pushTime", "pullTime", "pulls"];

function sorted(repositories: readonly ListedRepository[], order: RepositoryOrder, descending: boolean) {
  if (order === "name") return descending ? repositories.toReversed() : [...repositories];
  const number = ({ usage }: ListedRepository) => usage?.[order] ?? 0;
  return repositories.toSorted((a, b) => (descending ? number(b) - number(a) : number(a) - number(b)));
}

for (const order of ORDERS)
  for (const descending of [false, true])
    test(`repositories by ${order}, ${descending ? "descending" : "ascending"}, with what they hold`, () =>
      withCore({}, async (study) => {
        const repositories = await fill(study, 90);
        const expected = sorted(repositories, order, descending);
        for (const limit of [1, 8, 90, 500])
          assert.deepEqual(await all(study, { order, descending, limit, details: true }), expected);
        const plain = await all(study, { order, descending, limit: 7, details: false });
        assert.deepEqual(
          plain,
          expected.map(({ name }) => ({ name })),
        );
      }));

test("those that are not chosen have no place in any order, not even where a page ends", () =>
  withCore({}, async (study) => {
    const repositories = await fill(study, 1300);
    const choice = (name: string) => name.endsWith("7");
    const chosen = repositories.filter(({ name }) => choice(name));
    for (const order of ORDERS) {
      const expected = sorted(chosen, order, true);
      for (const limit of [10, chosen.length, 1000]) {
        const request = { order, descending: true, limit, details: true, choice };
        assert.deepEqual(await all(study, request), expected);
        const { next } = await study.core.lists.repositories(request);
        if (next !== undefined) assert.ok(choice(next.name), `${next.name} is told`);
      }
    }
  }));

test("repositories that begin as a filter says are found wherever they sort", () =>
  withCore({}, async (study) => {
    const names = ["a", "a-b", "a.b", "a/b", "a/b-c", "a/b/c", "a/b.c", "a0", "aa", "b", "b/a"];
    const changes = names.flatMap((text, index) => {
      const name = parseRepositoryName(text);
      const usage = sum(usageKey(name), { manifests: 1, bytes: index % 3 });
      return [put(repositoryKey(name), { createTime: 1 }), add(manifestCountKey(name), 1), usage];
    });
    await study.context.metadata.commit({ changes });
    const sorting = names.toSorted((a, b) => (sortedName(a) < sortedName(b) ? -1 : 1));
    assert.deepEqual(sorting, ["a", "a/b", "a/b/c", "a/b-c", "a/b.c", "a-b", "a.b", "a0", "aa", "b", "b/a"]);
    for (const start of ["a", "a/", "a/b", "a/b/", "a/b-", "a-", "a.", "b", "b/a", "c", "a/é", "", "~"])
      for (const order of ORDERS)
        for (const descending of [false, true])
          for (const limit of [1, 2, 20]) {
            const choice = (name: string) => name.startsWith(start);
            const request = { order, descending, limit, details: false };
            const narrowed = await all(study, { ...request, choice, start });
            assert.deepEqual(narrowed, await all(study, { ...request, choice }), `${start} by ${order}`);
            if (order === "name" && !descending)
              assert.deepEqual(
                narrowed.map(({ name }) => name),
                sorting.filter(choice),
              );
          }
  }));

test("a list that begins as a filter says goes on behind any repository", () =>
  withCore({}, async (study) => {
    const repositories = (await fill(study, 60)).map(({ name }) => name);
    const start = "acme/";
    const choice = (name: string) => name.startsWith(start);
    for (const after of [...repositories, "acme", "acme/", "acme.", "acme/~", "a", "zz", "\u{1f600}"])
      for (const descending of [false, true]) {
        const request = { order: "name", descending, limit: 7, details: false, choice, start } as const;
        const found = await all(study, { ...request, after: { name: after } });
        const place = sortedName(after);
        const isBehind = (name: string) => (descending ? sortedName(name) < place : sortedName(name) > place);
        const expected = repositories.filter((name) => choice(name) && isBehind(name));
        assert.deepEqual(
          found.map(({ name }) => name),
          descending ? expected.toReversed() : expected,
          `behind ${after}`,
        );
      }
  }));

test("repositories that do not begin as a filter says are not read", () =>
  withCore({}, async (study) => {
    const repositories = await fill(study, 2500);
    const choice = (name: string) => name.startsWith("acme/r1");
    const wanted = repositories.filter(({ name }) => choice(name)).map(({ name }) => name);
    // Behind the first page of names that were read, the signal would be heard.
    const signal = AbortSignal.abort(new Error("read too much"));
    for (const order of ["name", "bytes"] as const) {
      const request = { order, descending: false, limit: 1000, details: false, choice, signal };
      const found = (await all(study, { ...request, start: "acme/r1" })).map(({ name }) => name);
      assert.deepEqual(found.toSorted(), wanted.toSorted());
      await assert.rejects(all(study, request), /read too much/);
    }
  }));

test("a list ends with its signal", () =>
  withCore({}, async (study) => {
    await fill(study, 1100);
    const reason = new Error("left");
    const request = { order: "bytes", descending: true, limit: 5, details: true } as const;
    await assert.rejects(all(study, { ...request, signal: AbortSignal.abort(reason) }), reason);
  }));

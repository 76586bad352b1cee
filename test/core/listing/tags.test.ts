// Lists of tags in every order, with filters and details, against all tags sorted here.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Place } from "../../../src/core/listing/place.ts";
import { tagFilter } from "../../../src/core/listing/tag-filter.ts";
import type { ListedTag, TagListRequest, TagOrder } from "../../../src/core/listing/tags.ts";
import { pullsKey } from "../../../src/metadata/keeping-keys.ts";
import type { PullsRecord } from "../../../src/metadata/keeping-records.ts";
import { repositoryKey, tagKey } from "../../../src/metadata/keys.ts";
import { put, remove } from "../../../src/metadata/metadata-store.ts";
import type { TagRecord } from "../../../src/metadata/records.ts";
import { digestOf } from "../../../src/oci/digest.ts";
import type { RegistryError } from "../../../src/oci/errors.ts";
import { parseRepositoryName, parseTag } from "../../../src/oci/reference.ts";
import { Random } from "../../support/random.ts";
import { has, type Study, withCore } from "../study.ts";

const repository = parseRepositoryName("acme/app");
const beside = parseRepositoryName("acme/app2");

const IMAGE = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

interface Known extends ListedTag {
  readonly record: TagRecord;
}

/** Tags whose every number is shared by some; several name the same manifest, and some of those were pulled. */
async function fill({ context }: Study, count: number): Promise<Known[]> {
  const random = new Random(`tags ${count}`);
  const pulls = new Map<string, PullsRecord>();
  const tags = Array.from({ length: count }, (_, index): Known => {
    const number = random.integer(0, Math.ceil(count / 2));
    const digest = digestOf(Buffer.from(`manifest ${number}`));
    if (number % 3 === 0) pulls.set(digest, { count: 1 + (number % 5), lastTime: 5000 + (number % 7) });
    const isIndex = number % 4 === 0;
    const record: TagRecord = {
      digest,
      mediaType: isIndex ? INDEX : IMAGE,
      size: 500,
      updateTime: 1000 + random.integer(0, 20),
      ...(number % 6 !== 0 && { totalSize: random.integer(1, 9) * 1000 }),
      ...(number % 5 !== 0 && { platforms: isIndex ? ["linux/amd64", "linux/arm/v7"] : ["linux/arm64/v8"] }),
      ...(number % 7 === 0 && { artifactType: "application/x-test" }),
      ...(number % 2 === 0 && { actor: "user:alice" }),
    };
    const name = parseTag(`${random.pick(["v", "V", "_", "9"])}.${index}`);
    const known = pulls.get(digest);
    return known === undefined ? { name, record } : { name, record, pulls: known };
  });
  const changes = [
    put(repositoryKey(repository), { createTime: 1 }),
    ...tags.map(({ name, record }) => put(tagKey(repository, name), record)),
    ...tags.map(({ name, record }) => put(tagKey(beside, name), { ...record, totalSize: 1e9 })),
    ...tags.flatMap(({ record, pulls }) =>
      pulls === undefined ? [] : [put(pullsKey(repository, record.digest), pulls)],
    ),
  ];
  await context.metadata.commit({ changes });
  return tags.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function all({ core }: Study, request: Omit<TagListRequest, "repository">): Promise<ListedTag[]> {
  const found: ListedTag[] = [];
  let after: Place | undefined = request.after;
  for (let pages = 0; ; pages++) {
    assert.ok(pages < 10_000, "no end");
    const place = after === undefined ? {} : { after };
    const { items, next } = await core.lists.tags({ ...request, repository, ...place });
    assert.ok(items.length <= request.limit);
    assert.ok(next === undefined || items.length > 0, "a page that is not the last has something");
    found.push(...items);
    if (next === undefined) return found;
    after = next;
  }
}

const NUMBERS: Readonly<Record<TagOrder, (tag: ListedTag) => number>> = {
  name: () => 0,
  "update-time": ({ record }) => record?.updateTime ?? 0,
  "total-size": ({ record }) => record?.totalSize ?? 0,
  "last-pull-time": ({ pulls }) => pulls?.lastTime ?? 0,
  "pull-count": ({ pulls }) => pulls?.count ?? 0,
};

function sorted(tags: readonly Known[], order: TagOrder, descending: boolean): Known[] {
  const number = NUMBERS[order];
  if (order === "name") return descending ? tags.toReversed() : [...tags];
  // Sorting is stable: those that are alike stay in order of their names.
  return tags.toSorted((a, b) => (descending ? number(b) - number(a) : number(a) - number(b)));
}

for (const order of Object.keys(NUMBERS) as TagOrder[])
  for (const descending of [false, true])
    test(`tags by ${order}, ${descending ? "descending" : "ascending"}, with all that is known of them`, () =>
      withCore({}, async (study) => {
        const tags = await fill(study, 120);
        const expected = sorted(tags, order, descending);
        for (const limit of [1, 7, 119, 120, 1000])
          assert.deepEqual(await all(study, { order, descending, limit, tell: "details" }), expected);
        const names = expected.map(({ name }) => ({ name }));
        assert.deepEqual(await all(study, { order, descending, limit: 50, tell: "names" }), names);
        const records = await all(study, { order, descending, limit: 50, tell: "records" });
        assert.deepEqual(
          records.map(({ record }) => record),
          expected.map(({ record }) => record),
        );
      }));

const FILTERS: readonly (readonly [string, Parameters<typeof tagFilter>[0], (tag: Known) => boolean])[] = [
  ["a name", choice({ names: ["v.*"] }), ({ name }) => name.startsWith("v.")],
  ["one of several names", choice({ names: ["v.1", "*.2?"] }), ({ name }) => /^v\.1$|^.\.2.$/.test(name)],
  ["a media type", choice({ mediaTypes: ["*/*index*"] }), ({ record }) => record.mediaType === INDEX],
  [
    "an artifact type",
    choice({ artifactTypes: ["**/x-*"] }),
    ({ record }) => record.artifactType !== undefined,
  ],
  [
    "a platform without its variant",
    choice({ platforms: ["linux/arm"] }),
    ({ record }) => record.platforms?.includes("linux/arm/v7") ?? false,
  ],
  [
    "one of several platforms",
    choice({ platforms: ["windows", "linux/arm64/v8"] }),
    ({ record }) => record.platforms?.includes("linux/arm64/v8") ?? false,
  ],
  ["an operating system", choice({ platforms: ["linux"] }), ({ record }) => record.platforms !== undefined],
  [
    "a name and a platform",
    choice({ names: ["v.*"], platforms: ["linux/amd64"] }),
    ({ name, record }) => name.startsWith("v.") && (record.platforms?.includes("linux/amd64") ?? false),
  ],
  ["nothing that there is", choice({ names: ["nothing"] }), () => false],
  ["a beginning and an end", choice({ names: ["v.*0"] }), ({ name }) => /^v\..*0$/.test(name)],
  ["names that begin alike", choice({ names: ["v.1?", "v.7*"] }), ({ name }) => /^v\.(?:1.|7.*)$/.test(name)],
  ["what no name begins with", choice({ names: ["vé*", "v\x7f*"] }), () => false],
];

function choice(some: Partial<Parameters<typeof tagFilter>[0]>): Parameters<typeof tagFilter>[0] {
  return { names: [], mediaTypes: [], artifactTypes: [], platforms: [], ...some };
}

for (const [what, chosen, fits] of FILTERS)
  test(`a filter by ${what} chooses the same in every order`, () =>
    withCore({}, async (study) => {
      const tags = (await fill(study, 1200)).filter(fits);
      const filter = tagFilter(chosen);
      for (const order of ["name", "total-size", "pull-count"] as const)
        for (const limit of [40, 2000]) {
          const found = await all(study, { order, descending: true, limit, tell: "details", filter });
          assert.deepEqual(found, sorted(tags, order, true));
        }
    }));

test("a filter that is none, or a pattern that is wrong, says so", () => {
  assert.equal(tagFilter(choice({})), undefined);
  assert.throws(() => tagFilter(choice({ names: ["a\\"] })), has("FILTER_INVALID"));
});

test("a list goes on where it was although tags came and went", () =>
  withCore({}, async (study) => {
    const { core, context } = study;
    const tags = sorted(await fill(study, 100), "total-size", true);
    const request = { repository, order: "total-size", descending: true, tell: "records" } as const;
    const { items, next } = await core.lists.tags({ ...request, limit: 40 });
    assert.ok(next);
    const last = tags[39] ?? assert.fail();
    const changes = [
      remove(tagKey(repository, last.name)),
      put(tagKey(repository, parseTag("largest")), { ...last.record, totalSize: 1e9 }),
      put(tagKey(repository, parseTag("zero")), { ...last.record, totalSize: 0 }),
    ];
    await context.metadata.commit({ changes });
    const rest = await all(study, { ...request, limit: 25, after: next });
    assert.deepEqual(
      [...items, ...rest].map(({ name }) => name).filter((name) => name !== "zero"),
      tags.map(({ name }) => name),
    );
    assert.ok(rest.some(({ name }) => name === "zero"));
  }));

test("a page of tags with a thousand platforms each stays below 4 MiB", () =>
  withCore({}, async (study) => {
    const platforms = Array.from({ length: 1000 }, (_, index) => `linux/arm64/variant-${index}`);
    const [tag] = await fill(study, 1);
    const record = { ...(tag?.record ?? assert.fail()), platforms };
    const names = Array.from({ length: 300 }, (_, index) => parseTag(`big-${1000 + index}`));
    const changes = names.map((name) => put(tagKey(repository, name), record));
    await study.context.metadata.commit({ changes });
    for (const order of ["name", "update-time"] as const) {
      const request = { order, descending: false, limit: 1000, tell: "details" } as const;
      const { items, next } = await study.core.lists.tags({ ...request, repository });
      const size = JSON.stringify(items).length;
      assert.ok(size < 4 * 1024 * 1024, `${size}`);
      assert.ok(next);
      assert.equal((await all(study, request)).length, 301);
    }
  }));

test("a list ends with its signal, and is refused for a repository that is not there", () =>
  withCore({}, async (study) => {
    const request = { order: "name", descending: false, limit: 10, tell: "names" } as const;
    await assert.rejects(all(study, request), (error: RegistryError) => error.code === "NAME_UNKNOWN");
    await fill(study, 1500);
    const reason = new Error("left");
    const signal = AbortSignal.abort(reason);
    await assert.rejects(all(study, { ...request, order: "update-time", signal }), reason);
    const filter = tagFilter(choice({ names: ["*nothing"] }));
    await assert.rejects(all(study, { ...request, filter, signal }), reason);
  }));

test("tags that do not begin as a filter says are not read", () =>
  withCore({}, async (study) => {
    const tags = await fill(study, 1500);
    const wanted = tags.filter(({ name }) => name.startsWith("v.7")).map(({ name }) => name);
    const filter = tagFilter(choice({ names: ["v.7*"] }));
    // Behind the first page of names that were read, the signal would be heard.
    const signal = AbortSignal.abort(new Error("read too much"));
    for (const order of ["name", "update-time"] as const)
      for (const descending of [false, true]) {
        const request = { order, descending, limit: 1000, tell: "names", filter, signal } as const;
        const found = (await all(study, request)).map(({ name }) => name);
        assert.deepEqual(found.toSorted(), wanted.toSorted());
      }
  }));

test("a list that begins as a filter says goes on behind any name", () =>
  withCore({}, async (study) => {
    const tags = await fill(study, 60);
    const filter = tagFilter(choice({ names: ["v.*"] }));
    const names = tags.map(({ name }) => name).toSorted();
    for (const after of [...names, "v", "v.", "v.~", "v/", "zz", "a", "é", "\u{1f600}"])
      for (const descending of [false, true]) {
        const request = { order: "name", descending, limit: 7, tell: "names", filter } as const;
        const found = await all(study, { ...request, after: { name: after } });
        const isBehind = (name: string) => (descending ? name < after : name > after);
        const expected = names.filter((name) => name.startsWith("v.") && isBehind(name));
        assert.deepEqual(
          found.map(({ name }) => name),
          descending ? expected.toReversed() : expected,
          `behind ${after}`,
        );
      }
  }));

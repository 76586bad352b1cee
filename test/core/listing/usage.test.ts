// What is told of usage and quotas, of a repository, of a path, and of all.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { UsageScope } from "../../../src/core/listing/usage.ts";
import type { QuotaRule } from "../../../src/core/quotas.ts";
import { repositoryKey } from "../../../src/metadata/keys.ts";
import { put, sum } from "../../../src/metadata/metadata-store.ts";
import { storedKey, usageKeysOf } from "../../../src/metadata/usage-keys.ts";
import { NO_USAGE } from "../../../src/metadata/usage-record.ts";
import { parseRepositoryName } from "../../../src/oci/reference.ts";
import { has, type Study, withCore } from "../study.ts";

const app = parseRepositoryName("acme/apps/web");
const other = parseRepositoryName("acme/other");
const away = parseRepositoryName("acme-two/x");

const QUOTAS: readonly QuotaRule[] = [
  { name: "each", matches: (name) => name.startsWith("acme"), scope: "each", bytes: 100, tags: 3 },
  { name: "others", matches: (name) => name === other, scope: "each", tags: 1 },
  { name: "acme", matches: (name) => name.startsWith("acme/"), scope: { below: "acme" }, bytes: 500 },
  { name: "apps", matches: (name) => name.startsWith("acme/apps/"), scope: { below: "acme/apps" }, tags: 9 },
  { name: "all", matches: () => true, scope: { below: "" }, bytes: 1000 },
];

async function fill({ context }: Study): Promise<void> {
  const held = [
    [app, { bytes: 40, tags: 2 }],
    [other, { bytes: 7, tags: 1 }],
    [away, { bytes: 500, tags: 5 }],
  ] as const;
  const changes = held.flatMap(([name, usage]) => [
    put(repositoryKey(name), { createTime: 1 }),
    ...usageKeysOf(name).map((key) => sum(key, usage)),
  ]);
  await context.metadata.commit({ changes: [...changes, sum(storedKey, { blobs: 3, bytes: 99 })] });
}

const below = (path: string): UsageScope => ({ kind: "below", path });

test("a repository has its own usage, and every quota that fits it with its use", () =>
  withCore({ quotas: QUOTAS }, async (study) => {
    await fill(study);
    const report = await study.core.lists.usage({ kind: "repository", repository: app }, { shared: true });
    assert.deepEqual(report.usage, { ...NO_USAGE, bytes: 40, tags: 2 });
    assert.equal(report.stored, undefined);
    assert.deepEqual(
      report.quotas.map(({ quota, usage }) => [quota.name, usage?.bytes, usage?.tags]),
      [
        ["each", 40, 2],
        ["acme", 47, 3],
        ["apps", 40, 2],
        ["all", 547, 8],
      ],
    );
  }));

test("what others use of a shared quota is told only to who may know", () =>
  withCore({ quotas: QUOTAS }, async (study) => {
    await fill(study);
    const { quotas } = await study.core.lists.usage(
      { kind: "repository", repository: app },
      { shared: false },
    );
    assert.deepEqual(
      quotas.map(({ quota, usage }) => [quota.name, usage?.bytes]),
      [
        ["each", 40],
        ["acme", undefined],
        ["apps", undefined],
        ["all", undefined],
      ],
    );
  }));

const PATHS: readonly (readonly [path: string, bytes: number, quotas: readonly string[]])[] = [
  ["acme", 47, ["acme", "apps", "all"]],
  ["acme/apps", 40, ["acme", "apps", "all"]],
  ["acme/other", 0, ["acme", "all"]],
  ["acme-two", 500, ["all"]],
  ["", 547, ["acme", "apps", "all"]],
];
for (const [path, bytes, names] of PATHS)
  test(`below "${path}" there is what lies there, and the quotas that are shared there, above or below`, () =>
    withCore({ quotas: QUOTAS }, async (study) => {
      await fill(study);
      const { usage, stored, quotas } = await study.core.lists.usage(below(path), { shared: true });
      assert.equal(usage.bytes, bytes);
      assert.deepEqual(stored, path === "" ? { blobs: 3, bytes: 99 } : undefined);
      assert.deepEqual(
        quotas.map(({ quota }) => quota.name),
        names,
      );
    }));

test("an empty registry holds nothing; a repository that is not there is unknown", () =>
  withCore({}, async ({ core }) => {
    const expected = { usage: NO_USAGE, stored: { blobs: 0, bytes: 0 }, quotas: [] };
    assert.deepEqual(await core.lists.usage(below(""), { shared: true }), expected);
    const unknown = core.lists.usage({ kind: "repository", repository: app }, { shared: true });
    await assert.rejects(unknown, has("NAME_UNKNOWN"));
  }));

// Counts by hand what usage rows must say: all cards are read, and added up the simplest way. Times are left out,
// as what is removed does not change them.
import assert from "node:assert/strict";
import { digestEntryOf, repositoryEntryOf, tagEntryOf } from "../../src/metadata/entry-names.ts";
import { allPulls, trash } from "../../src/metadata/keeping-keys.ts";
import {
  allTags,
  blobs,
  links,
  manifests,
  type Prefix,
  repositories as records,
} from "../../src/metadata/keys.ts";
import type { MetadataStore } from "../../src/metadata/metadata-store.ts";
import { storedKey, usageKey, usages, usagesBelow } from "../../src/metadata/usage-keys.ts";
import { NO_USAGE, USAGE_SUMS, type UsageRecord } from "../../src/metadata/usage-record.ts";
import type { Digest } from "../../src/oci/digest.ts";
import type { RepositoryName } from "../../src/oci/reference.ts";
import { REPOSITORY } from "./pictures.ts";
import type { Study } from "./study.ts";

type Sums = Record<(typeof USAGE_SUMS)[number], number>;

interface Counted {
  readonly sums: Sums;
  readonly sizes: Map<Digest, number>;
}

/** All rows that there should be, by key, and what the cellar holds. */
export async function recount(metadata: MetadataStore) {
  const repositories = new Map<RepositoryName, Counted>();
  const of = (repository: RepositoryName): Counted => {
    const known = repositories.get(repository) ?? { sums: sumsOf(NO_USAGE), sizes: new Map() };
    repositories.set(repository, known);
    return known;
  };
  for (const { name } of await all(metadata, records))
    of(repositoryEntryOf(name).repository).sums.repositories = 1;
  for (const { name, record } of await all(metadata, links)) {
    const { repository, digest } = digestEntryOf(name);
    of(repository).sums.blobs += 1;
    of(repository).sizes.set(digest, record.size);
  }
  for (const { name, record } of await all(metadata, manifests)) {
    const { repository, digest } = digestEntryOf(name);
    of(repository).sums.manifests += 1;
    of(repository).sums.logicalBytes += record.contentSize ?? 0;
    of(repository).sizes.set(digest, record.size);
  }
  for (const { name, record } of await all(metadata, trash)) {
    const { repository, digest } = digestEntryOf(name);
    of(repository).sums.trashed += 1;
    of(repository).sizes.set(digest, record.manifest.size);
  }
  for (const { name } of await all(metadata, allTags)) of(tagEntryOf(name).repository).sums.tags += 1;
  for (const { name, record } of await all(metadata, allPulls))
    of(digestEntryOf(name).repository).sums.pulls += record.count;
  const rows: Record<string, Sums> = {};
  for (const [repository, { sums, sizes }] of repositories) {
    for (const size of sizes.values()) sums.bytes += size;
    if (USAGE_SUMS.every((sum) => sums[sum] === 0)) continue;
    const components = repository.split("/");
    addTo(rows, `R/${components.join("\x01")}`, sums);
    for (let length = 0; length < components.length && length <= 3; length++)
      addTo(rows, `A/${components.slice(0, length).join("\x01")}`, sums);
  }
  const cards = await all(metadata, blobs);
  return {
    rows,
    stored: { blobs: cards.length, bytes: cards.reduce((sum, { record }) => sum + record.size, 0) },
  };
}

/** The rows that there are. */
export async function counted(metadata: MetadataStore) {
  const rows: Record<string, Sums> = {};
  for (const prefix of [usages, usagesBelow])
    for (const { name, record } of await all(metadata, prefix)) rows[prefix.text + name] = sumsOf(record);
  return { rows, stored: (await metadata.get(storedKey)) ?? { blobs: 0, bytes: 0 } };
}

export async function assertCounted(metadata: MetadataStore, message?: string): Promise<void> {
  assert.deepEqual(await counted(metadata), await recount(metadata), message);
}

async function all<R>(metadata: MetadataStore, prefix: Prefix<R>) {
  const entries = await metadata.page(prefix, { limit: 100_000 });
  return entries.flatMap(({ name, record }) => (record === undefined ? [] : [{ name, record }]));
}

function addTo(rows: Record<string, Sums>, key: string, sums: Sums): void {
  const row = rows[key] ?? sumsOf(NO_USAGE);
  for (const sum of USAGE_SUMS) row[sum] += sums[sum];
  rows[key] = row;
}

function sumsOf(record: UsageRecord): Sums {
  const { pushTime: _, pullTime: __, ...sums } = record;
  return { ...sums };
}

/** What is counted of a repository; nothing, where there is no row. */
export async function usageOf({ context }: Study, name = REPOSITORY): Promise<UsageRecord> {
  await assertCounted(context.metadata);
  return (await context.metadata.get(usageKey(name))) ?? NO_USAGE;
}

/** By how much the work changes what is counted. */
export async function changeBy(study: Study, work: () => Promise<unknown>, name = REPOSITORY) {
  const before = await usageOf(study, name);
  await work();
  const after = await usageOf(study, name);
  const change = Object.entries({ ...NO_USAGE, ...after }).map(([member, value]): [string, number] => [
    member,
    value - (before[member as keyof UsageRecord] ?? 0),
  ]);
  return Object.fromEntries(change.filter(([, value]) => value !== 0));
}

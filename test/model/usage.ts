// What the registry must have counted of the model's world: said by going through all of it for each sum.
import assert from "node:assert/strict";
import type { Model } from "./model.ts";
import type { Repository } from "./world.ts";

/** A row as it is observed, or as it must be. */
export type Usage = Readonly<Record<string, number>>;

/** By repository, by path, and what the cellar holds. */
export interface UsageRows {
  readonly repositories: Readonly<Record<string, Usage>>;
  /** By path; "" is above all. */
  readonly below: Readonly<Record<string, Usage>>;
  readonly stored: Usage | undefined;
}

const LONGEST_PATH = 3;

/** Throws unless the rows are what the world amounts to. */
export function compareUsage(model: Model, rows: UsageRows): void {
  const there = Object.entries(model.world.repositories);
  const expected = Object.fromEntries(
    there.map(([name, repository]) => [name, usageOf(model, [repository])] as const),
  );
  compareRows(model, rows.repositories, expected, "usage of repositories");
  const paths = new Set(there.flatMap(([name]) => pathsAbove(name)));
  const below = [...paths].map((path) => {
    const under = there.filter(([name]) => path === "" || name.startsWith(`${path}/`));
    return [
      path,
      usageOf(
        model,
        under.map(([, repository]) => repository),
      ),
    ] as const;
  });
  compareRows(model, rows.below, Object.fromEntries(below), "usage below paths");
  const cards = Object.keys(model.world.cards);
  const stored =
    cards.length === 0
      ? undefined
      : { blobs: cards.length, bytes: total(cards, (card) => sizeOf(model, card)) };
  assert.deepEqual(rows.stored, stored, "usage of the cellar");
}

/** How many bytes the repository takes, each digest once. */
export function bytesOf(model: Model, { links, live, trash }: Repository): number {
  const digests = new Set([links, live, trash].flatMap((records) => Object.keys(records)));
  return total([...digests], (digest) => sizeOf(model, digest));
}

/** What is pulled with the manifest: itself, and each blob that the repository must have. */
export function contentSizeOf({ pool }: Model, digest: string): number {
  const { content, blobs } = pool.document(digest);
  return content.length + total([...new Set(blobs)], (blob) => pool.blobs.get(blob)?.length ?? Number.NaN);
}

interface Expected {
  readonly sums: Usage;
  /** The latest that is known; later ones may have been of what was removed. */
  readonly times: Usage;
}

function usageOf(model: Model, repositories: readonly Repository[]): Expected {
  const count = (records: (repository: Repository) => object) =>
    total(repositories, (repository) => Object.keys(records(repository)).length);
  const sums = {
    blobs: count(({ links }) => links),
    bytes: total(repositories, (repository) => bytesOf(model, repository)),
    manifests: count(({ live }) => live),
    trashed: count(({ trash }) => trash),
    tags: count(({ tags }) => tags),
    logicalBytes: total(repositories, ({ live }) =>
      total(Object.keys(live), (digest) => contentSizeOf(model, digest)),
    ),
    repositories: repositories.filter(({ exists }) => exists).length,
    pulls: total(repositories, ({ pulls }) => total(Object.values(pulls), (pull) => pull.count)),
  };
  const pushes = repositories.flatMap(({ live, trash }) => [
    ...Object.values(live),
    ...Object.values(trash).map(({ seen }) => seen),
  ]);
  const pulls = repositories.flatMap((repository) => Object.values(repository.pulls).map(({ time }) => time));
  return { sums, times: { pushTime: Math.max(0, ...pushes), pullTime: Math.max(0, ...pulls) } };
}

function compareRows(
  { time }: Model,
  found: Readonly<Record<string, Usage>>,
  expected: Readonly<Record<string, Expected>>,
  what: string,
): void {
  const wanted = Object.entries(expected).filter(([, { sums }]) =>
    Object.values(sums).some((sum) => sum !== 0),
  );
  const sums = Object.entries(found).map(([name, row]) => {
    const { pushTime: _, pullTime: __, ...rest } = row;
    return [name, rest] as const;
  });
  assert.deepEqual(
    Object.fromEntries(sums),
    Object.fromEntries(wanted.map(([name, row]) => [name, row.sums])),
    what,
  );
  for (const [name, { times }] of wanted)
    for (const [member, known] of Object.entries(times)) {
      const stored = found[name]?.[member] ?? 0;
      assert.ok(
        stored >= known && stored <= time,
        `${what}: ${member} of "${name}" is ${stored}, not ${known}`,
      );
    }
}

function pathsAbove(name: string): readonly string[] {
  const components = name.split("/").slice(0, -1);
  return Array.from({ length: Math.min(components.length, LONGEST_PATH) + 1 }, (_, length) =>
    components.slice(0, length).join("/"),
  );
}

function sizeOf({ pool }: Model, digest: string): number {
  return (pool.blobs.get(digest as never) ?? pool.document(digest).content).length;
}

function total<T>(things: readonly T[], numberOf: (thing: T) => number): number {
  return things.reduce((sum, thing) => sum + numberOf(thing), 0);
}

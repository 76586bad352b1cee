// Looks at the real thing, and says what there is in the model's words. Nothing it does leaves a trace: links are read
// from their cards, because asking for a blob would renew its lease.
import type { CoreContext } from "../../src/core/context.ts";
import type { Core } from "../../src/core/core.ts";
import type { PullsRecord } from "../../src/metadata/keeping-records.ts";
import type { Prefix } from "../../src/metadata/keys.ts";
import type { LinkRecord, ManifestRecord, UploadRecord } from "../../src/metadata/records.ts";
import type { RepositoryName, Tag } from "../../src/oci/reference.ts";
import type { Usage, UsageRows } from "./usage.ts";
import { type Repository, repositoryOf, type World } from "./world.ts";

export interface Subject {
  readonly core: Core;
  readonly context: CoreContext;
}

/** More than there ever are. */
const ALL = 100_000;

/** A row's key in parts: the repository first, by its name. */
interface Row<R> {
  readonly parts: readonly [string, string, string];
  readonly record: R;
}

/** All rows below a letter of the key tree, as their own records. */
export async function rowsBelow<R>({ context }: Subject, text: string): Promise<readonly Row<R>[]> {
  const prefix: Prefix<R> = { text };
  const entries = await context.metadata.page(prefix, { limit: ALL });
  return entries.flatMap(({ name, record }) => {
    if (record === undefined) return [];
    const [first = "", second = "", third = ""] = name.split("\0");
    return [{ parts: [first.replaceAll("\x01", "/"), second, third] as const, record }];
  });
}

export async function observe(subject: Subject): Promise<World> {
  const world: World = { repositories: {}, cards: {}, files: {} };
  const at = (name: string): Repository => repositoryOf(world, name);
  for (const { parts } of await rowsBelow(subject, "r/")) at(parts[0]).exists = true;
  for (const { parts, record } of await rowsBelow<LinkRecord>(subject, "l/"))
    at(parts[0]).links[parts[1]] = record.leaseTime ?? record.createTime;
  for (const { parts, record } of await rowsBelow<ManifestRecord>(subject, "m/"))
    at(parts[0]).live[parts[1]] = seenOf(record);
  for (const { parts, record } of await rowsBelow<{ readonly time: number }>(subject, "U/"))
    at(parts[0]).untagged[parts[1]] = record.time;
  for (const { parts, record } of await rowsBelow<PullsRecord>(subject, "P/"))
    at(parts[0]).pulls[parts[1]] = { count: record.count, time: record.lastTime };
  for (const { parts, record } of await rowsBelow<UploadRecord>(subject, "u/"))
    at(record.repository).uploads[parts[0]] = record.createTime;
  await observeTrash(subject, at);
  for (const [name, repository] of Object.entries(world.repositories))
    if (repository.exists) await observeTags(subject, name, repository);
  await observeHistory(subject, at);
  for (const { parts } of await rowsBelow(subject, "b/")) world.cards[parts[0]] = true;
  for await (const { digest } of subject.context.blobs.list()) world.files[digest] = true;
  return world;
}

/** What the registry has counted. */
export async function observeUsage(subject: Subject): Promise<UsageRows> {
  const byName = async (text: string) =>
    Object.fromEntries(
      (await rowsBelow<Usage>(subject, text)).map(({ parts, record }) => [parts[0], record]),
    );
  const [stored] = await rowsBelow<Usage>(subject, "n/stored");
  return { repositories: await byName("R/"), below: await byName("A/"), stored: stored?.record };
}

async function observeTrash({ core }: Subject, at: (name: string) => Repository): Promise<void> {
  for (const { repository, digest, record } of (await core.trash.list(undefined, { limit: ALL })).items) {
    const { reason, companions = [], attachedTags = [], tags, tagTimes = [], deleteTime, manifest } = record;
    at(repository).trash[digest] = {
      seen: seenOf(manifest),
      deleted: deleteTime,
      tags: Object.fromEntries(tags.map((tag, place) => [tag, tagTimes[place] ?? 0]).toSorted()),
      attached: Object.fromEntries(attachedTags.map(({ tag, digest: target }) => [tag, target])),
      companions: companions.toSorted(),
      ...(reason.kind === "belonged" && { belongsTo: reason.to }),
    };
  }
}

async function observeTags({ core }: Subject, name: string, repository: Repository): Promise<void> {
  const request = { limit: ALL };
  const { items } = await core.tags.list(name as RepositoryName, request, { namesOnly: false });
  for (const { name: tag, record } of items)
    if (record !== undefined) repository.tags[tag] = { digest: record.digest, time: record.updateTime };
}

/** Of all tags that ever were, as far as anything is remembered. */
async function observeHistory(subject: Subject, at: (name: string) => Repository): Promise<void> {
  const places = new Set((await rowsBelow(subject, "T/")).map(({ parts }) => `${parts[0]}\0${parts[1]}`));
  for (const place of places) {
    const [name = "", tag = ""] = place.split("\0");
    const page = { limit: ALL };
    const { items } = await subject.core.tagHistory.list(name as RepositoryName, tag as Tag, page);
    at(name).history[tag] = items
      .map(({ time, from, to }) => ({
        time,
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
      }))
      .toReversed();
  }
}

function seenOf({ createTime, pushTime = 0 }: ManifestRecord): number {
  return Math.max(createTime, pushTime);
}

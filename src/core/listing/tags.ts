// Lists of a repository's tags, in several orders, with all that is known of each. By
// name a page costs what it holds; in any other order all tags are read, of one
// moment and a few at a time, and only the first are kept.
import { pullsKey } from "../../metadata/keeping-keys.ts";
import type { PullsRecord } from "../../metadata/keeping-records.ts";
import { tagsOf } from "../../metadata/keys.ts";
import type { Entry } from "../../metadata/metadata-store.ts";
import type { TagRecord } from "../../metadata/records.ts";
import type { RepositoryName, Tag } from "../../oci/reference.ts";
import type { CoreContext } from "../context.ts";
import { demandRepository } from "../repositories.ts";
import { Foremost } from "./foremost.ts";
import { type ListPage, type ListRequest, listPage, type Ranked } from "./place.ts";
import type { TagFilter } from "./tag-filter.ts";
import { LOOK, type Reader, walk } from "./walk.ts";

/** Each but the name is a number that is known of a tag. */
export type TagOrder = "name" | "update-time" | "total-size" | "last-pull-time" | "pull-count";

export interface TagListRequest extends ListRequest<TagOrder> {
  readonly repository: RepositoryName;
  /** What is told of each: its name, its record, or its pulls too. */
  readonly tell: "names" | "records" | "details";
  /** Absent: all tags. */
  readonly filter?: TagFilter | undefined;
}

/** A tag in a list, with what was asked for. */
export interface ListedTag {
  readonly name: Tag;
  /** Absent: only names were asked for. */
  readonly record?: TagRecord;
  /** Absent: it was never pulled, or not asked for. */
  readonly pulls?: PullsRecord;
}

/** With details a page stays below this many bytes, as every manifest does. */
const MAX_PAGE_BYTES = 3 * 1024 * 1024;

/** Throws NAME_UNKNOWN. */
export async function listTags(context: CoreContext, request: TagListRequest): Promise<ListPage<ListedTag>> {
  await demandRepository(context, request.repository);
  const { order } = request;
  return order === "name" ? byName(context, request) : byValue(context, { ...request, order });
}

async function byName({ metadata }: CoreContext, request: TagListRequest): Promise<ListPage<ListedTag>> {
  const { repository, limit, filter, tell, after, descending, signal } = request;
  const options = {
    start: filter?.names?.start,
    limit: filter === undefined ? limit + 1 : LOOK,
    namesOnly: tell === "names" && filter?.fitsRecord === undefined,
    after: after?.name,
    reverse: descending,
    signal,
  };
  const found: Ranked<ListedTag>[] = [];
  for await (const entries of walk(metadata, tagsOf(repository), options)) {
    found.push(...entries.filter(chooser(filter)).map((entry) => ranked(entry, tell)));
    if (found.length > limit) break;
  }
  if (tell !== "details") return listPage(found, limit);
  const page = cutToBytes(found, limit);
  return { ...page, items: await withPulls(metadata, repository, page.items) };
}

/** The same of any order but that of names. */
type ByValue = TagListRequest & { readonly order: Exclude<TagOrder, "name"> };

async function byValue({ metadata }: CoreContext, request: ByValue): Promise<ListPage<ListedTag>> {
  const { repository, limit, order, descending, after, filter, tell, signal } = request;
  const first = new Foremost<ListedTag>({ count: limit + 1, descending, after });
  const isByPulls = order === "last-pull-time" || order === "pull-count";
  await using snapshot = await metadata.snapshot();
  for await (const entries of walk(snapshot, tagsOf(repository), {
    start: filter?.names?.start,
    limit: LOOK,
    namesOnly: false,
    signal,
  })) {
    const tags = entries.filter(chooser(filter)).map((entry) => ranked(entry, "records").item);
    const known = isByPulls ? await withPulls(snapshot, repository, tags) : tags;
    for (const item of known) first.add({ item, place: { name: item.name, value: numberOf(item, order) } });
  }
  const found = first.take();
  if (tell === "details") {
    const page = cutToBytes(found, limit);
    return isByPulls ? page : { ...page, items: await withPulls(snapshot, repository, page.items) };
  }
  const page = listPage(found, limit);
  return tell === "records" ? page : { ...page, items: page.items.map(({ name }) => ({ name })) };
}

function chooser(filter: TagFilter | undefined): (entry: Entry<TagRecord>) => boolean {
  const { names, fitsRecord } = filter ?? {};
  return ({ name, record }) =>
    (names === undefined || names.fits(name)) &&
    (fitsRecord === undefined || (record !== undefined && fitsRecord(record)));
}

function ranked({ name, record }: Entry<TagRecord>, tell: TagListRequest["tell"]): Ranked<ListedTag> {
  const item = { name: name as Tag, ...(record !== undefined && tell !== "names" && { record }) };
  return { item, place: { name } };
}

/** What is not known counts as 0. */
function numberOf({ record, pulls }: ListedTag, order: ByValue["order"]): number {
  switch (order) {
    case "update-time":
      return record?.updateTime ?? 0;
    case "total-size":
      return record?.totalSize ?? 0;
    case "last-pull-time":
      return pulls?.lastTime ?? 0;
    case "pull-count":
      return pulls?.count ?? 0;
  }
}

/** All counts are read together, each once: many tags may name the same manifest. */
async function withPulls(
  reader: Pick<Reader, "get">,
  repository: RepositoryName,
  tags: readonly ListedTag[],
): Promise<readonly ListedTag[]> {
  const digests = [...new Set(tags.flatMap(({ record }) => (record === undefined ? [] : [record.digest])))];
  const read = await Promise.all(digests.map((digest) => reader.get(pullsKey(repository, digest))));
  const known = new Map(digests.map((digest, index) => [digest, read[index]]));
  return tags.map((tag) => {
    const pulls = tag.record && known.get(tag.record.digest);
    return pulls === undefined ? tag : { ...tag, pulls };
  });
}

/** A page of as many as the limit allows, or as fit into one message; at least one. */
function cutToBytes(found: readonly Ranked<ListedTag>[], limit: number): ListPage<ListedTag> {
  let bytes = 0;
  let fitting = 0;
  for (const { item } of found.slice(0, limit)) {
    bytes += approximateBytes(item);
    if (fitting > 0 && bytes > MAX_PAGE_BYTES) break;
    fitting++;
  }
  return listPage(found, Math.max(1, fitting));
}

/** Not less than the tag takes in a message. */
function approximateBytes({ name, record }: ListedTag): number {
  const { mediaType = "", platforms = [], artifactType = "", actor = "" } = record ?? {};
  const texts = [name, mediaType, artifactType, actor, ...platforms];
  const fixed = 256;
  return texts.reduce((sum, text) => sum + 4 + Buffer.byteLength(text), fixed);
}

// Lists of repositories, in several orders, with what each holds. By name a page costs
// what it holds; in any other order the usage of all repositories is read, of one
// moment and a few at a time, and only the first are kept.
import { catalog, catalogName, repositoryKey, repositoryOfCatalogName } from "../../metadata/keys.ts";
import { usageKey, usages } from "../../metadata/usage-keys.ts";
import { NO_USAGE, type UsageRecord } from "../../metadata/usage-record.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import type { CoreContext } from "../context.ts";
import type { Page, PageRequest } from "../page.ts";
import { Foremost } from "./foremost.ts";
import { type ListPage, type ListRequest, listPage, type Ranked } from "./place.ts";
import { LOOK, type Reader, walk } from "./walk.ts";

/** Each but the name is a number of the repository's usage. */
export type RepositoryOrder = "name" | "bytes" | "tags" | "pushTime" | "pullTime" | "pulls";

export interface RepositoryListRequest extends ListRequest<RepositoryOrder> {
  /** True: with what each holds. */
  readonly details: boolean;
  /** Chooses them by name, before anything else is done with them. Absent: all. */
  readonly choice?: ((repository: string) => boolean) | undefined;
  /** What the names of all that are chosen begin with: nowhere else is looked. Absent: anything. */
  readonly start?: string | undefined;
}

/** A repository in a list. */
export interface ListedRepository {
  readonly name: RepositoryName;
  /** Absent: it was not asked for. */
  readonly usage?: UsageRecord;
  /** Absent: it was not asked for. */
  readonly createTime?: number;
}

/** The repositories that hold manifests. */
export async function listRepositories(
  context: CoreContext,
  request: RepositoryListRequest,
): Promise<ListPage<ListedRepository>> {
  const { order } = request;
  return order === "name" ? byName(context, request) : byValue(context, { ...request, order });
}

/** The names alone, in their order. */
export async function listRepositoryNames(
  context: CoreContext,
  { limit, after }: PageRequest,
  choice?: RepositoryListRequest["choice"],
): Promise<Page<RepositoryName>> {
  const place = after === undefined ? {} : { after: { name: after } };
  const request = { limit, order: "name", descending: false, details: false, choice, ...place } as const;
  const { items, next } = await listRepositories(context, request);
  return { items: items.map(({ name }) => name), more: next !== undefined };
}

/** A page is full or the last one: where it ends, a name is told, and that must be one of those chosen. */
async function byName(
  { metadata }: CoreContext,
  request: RepositoryListRequest,
): Promise<ListPage<ListedRepository>> {
  const { limit, choice, start = "", after, details, descending, signal } = request;
  const found: Ranked<ListedRepository>[] = [];
  const options = {
    start: catalogName(start),
    limit: choice === undefined ? limit + 1 : LOOK,
    namesOnly: true,
    after: after && catalogName(after.name),
    reverse: descending,
    signal,
  };
  for await (const entries of walk(metadata, catalog, options)) {
    const names = entries.map(({ name }) => repositoryOfCatalogName(name));
    const chosen = choice === undefined ? names : names.filter(choice);
    found.push(...chosen.map((name) => ({ item: { name }, place: { name } })));
    if (found.length > limit) break;
  }
  const page = listPage(found, limit);
  return details ? { ...page, items: await Promise.all(page.items.map(described(metadata))) } : page;
}

async function byValue(
  { metadata }: CoreContext,
  request: RepositoryListRequest & { readonly order: Exclude<RepositoryOrder, "name"> },
): Promise<ListPage<ListedRepository>> {
  const { limit, order, descending, after, choice, start = "", details, signal } = request;
  const first = new Foremost<ListedRepository>({
    count: limit + 1,
    descending,
    after,
    sortedName: catalogName,
  });
  await using snapshot = await metadata.snapshot();
  const options = { start: catalogName(start), limit: LOOK, namesOnly: false, signal };
  for await (const entries of walk(snapshot, usages, options)) {
    for (const { name: entry, record: usage } of entries) {
      if (usage === undefined || usage.manifests === 0) continue; // as in the catalogue
      const name = repositoryOfCatalogName(entry);
      if (choice !== undefined && !choice(name)) continue;
      first.add({ item: { name, usage }, place: { name, value: usage[order] ?? 0 } });
    }
  }
  const page = listPage(first.take(), limit);
  const describe = details ? described(snapshot) : async ({ name }: ListedRepository) => ({ name });
  return { ...page, items: await Promise.all(page.items.map(describe)) };
}

/** What is asked for at the same time is read together. */
function described(reader: Pick<Reader, "get">): (listed: ListedRepository) => Promise<ListedRepository> {
  return async ({ name, usage }) => {
    const [held = NO_USAGE, repository] = await Promise.all([
      usage ?? reader.get(usageKey(name)),
      reader.get(repositoryKey(name)),
    ]);
    return { name, usage: held, ...(repository !== undefined && { createTime: repository.createTime }) };
  };
}

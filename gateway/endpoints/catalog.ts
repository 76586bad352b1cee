// The registry's repositories, page by page. Docker Registry HTTP API V2, Catalog.
import { answerJson } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import { locationOf } from "../locations.ts";
import { nextPage, pageSize } from "../pagination.ts";
import { queryValue } from "../query.ts";

/** How many repositories a page has where nobody asks for a number. */
const DEFAULT_PAGE = 100;

export async function listRepositories(exchange: Exchange): Promise<void> {
  const { services, limits, query } = exchange;
  const n = pageSize(query, { fallback: DEFAULT_PAGE, most: limits.maxCatalogEntries });
  if (n === 0) return answerJson(exchange, { repositories: [] });
  const asked = { pageSize: n, startAfter: queryValue(query, "last") ?? "" };
  const page = await services.manifests.listRepositories(asked, exchange.call);
  const repositories = page.repositories.map((repository) => repository.name);
  const last = repositories.at(-1);
  const more = page.nextPageToken !== "" && last !== undefined;
  const headers = more ? nextPage(locationOf(exchange, "/v2/_catalog"), { last, n }) : {};
  answerJson(exchange, { repositories }, headers);
}

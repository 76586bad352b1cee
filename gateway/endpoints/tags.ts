// A repository's tags, page by page. distribution-spec, Listing Tags.
import { answerJson } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import { locationOf } from "../locations.ts";
import { nextPage, pageSize } from "../pagination.ts";
import { queryValue } from "../query.ts";

export async function listTags(exchange: Exchange): Promise<void> {
  const { services, limits, repository, query } = exchange;
  const n = pageSize(query, { fallback: limits.maxTags, most: limits.maxTags });
  const asked = {
    repository,
    pageSize: Math.max(n, 1), // With n=0 the page is empty, but an unknown repository is still an error.
    startAfter: queryValue(query, "last") ?? "",
    namesOnly: true,
  };
  const page = await services.manifests.listTags(asked, exchange.call);
  const tags = page.tags.slice(0, n).map((tag) => tag.name);
  const last = tags.at(-1);
  const more = page.nextPageToken !== "" && last !== undefined;
  const place = locationOf(exchange, `/v2/${repository}/tags/list`);
  answerJson(exchange, { name: repository, tags }, more ? nextPage(place, { last, n }) : {});
}

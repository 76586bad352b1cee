// A repository's tags, page by page. distribution-spec, Listing Tags.
import { answerJson } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import { nextPage, pageSize } from "../pagination.ts";
import { queryValue } from "../query.ts";

export async function listTags(exchange: Exchange): Promise<void> {
  const { services, limits, repository, query } = exchange;
  const n = pageSize(query, { fallback: limits.maxTags, most: limits.maxTags });
  const page = await services.manifests.listTags({
    repository,
    pageSize: Math.max(n, 1), // With n=0 the page is empty, but an unknown repository is still an error.
    startAfter: queryValue(query, "last") ?? "",
    namesOnly: true,
  });
  const tags = page.tags.slice(0, n).map((tag) => tag.name);
  const last = tags.at(-1);
  const more = page.nextPageToken !== "" && last !== undefined;
  answerJson(
    exchange,
    { name: repository, tags },
    more ? nextPage(`/v2/${repository}/tags/list`, { last, n }) : {},
  );
}

// Rows of the route table: tags.
import { listTags } from "../endpoints/tags.ts";
import type { Route } from "../route.ts";
import { LAST, N, NAME, NEXT_PAGE } from "./vocabulary.ts";

export const tagRoutes: readonly Route[] = [
  {
    id: "list-tags",
    method: "GET",
    path: "/v2/{name}/tags/list",
    handler: "tags",
    specification: "end-8a, end-8b",
    summary: "Lists a repository's tags in byte order of their names.",
    pathParameters: [NAME],
    queryParameters: [{ ...N, meaning: `${N.meaning} Default and most: \`tags.maxtags\`, 1,000.` }, LAST],
    requestHeaders: [],
    successes: [{ status: 200, meaning: '`{"name": "<name>", "tags": ["<tag>", …]}`', headers: [NEXT_PAGE] }],
    errors: ["NAME_UNKNOWN", "PAGINATION_NUMBER_INVALID", "REQUEST_INVALID", "NAME_INVALID"],
    handle: listTags,
  },
];

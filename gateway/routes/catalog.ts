// Rows of the route table: the catalog.
import { listRepositories } from "../endpoints/catalog.ts";
import type { Route } from "../route.ts";
import { LAST, N, NEXT_PAGE } from "./vocabulary.ts";

export const catalogRoutes: readonly Route[] = [
  {
    id: "list-repositories",
    method: "GET",
    path: "/v2/_catalog",
    handler: "catalog",
    summary: "Lists the repositories that hold at least one manifest.",
    notes: ["The order is by path component: `a/b` comes before `a-b`."],
    pathParameters: [],
    queryParameters: [
      { ...N, meaning: `${N.meaning} Default: 100; most: \`catalog.maxentries\`, 1,000.` },
      LAST,
    ],
    requestHeaders: [],
    successes: [{ status: 200, meaning: '`{"repositories": ["<name>", …]}`', headers: [NEXT_PAGE] }],
    errors: ["PAGINATION_NUMBER_INVALID", "REQUEST_INVALID"],
    handle: listRepositories,
  },
];

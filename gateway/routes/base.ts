// Rows of the route table: the base.
import { getBase } from "../endpoints/base.ts";
import type { Route } from "../route.ts";

export const baseRoutes: readonly Route[] = [
  {
    id: "base",
    method: "GET",
    path: "/v2/",
    specification: "end-1",
    summary: "Tells that this is a registry.",
    pathParameters: [],
    queryParameters: [],
    requestHeaders: [],
    successes: [{ status: 200, meaning: "An empty JSON object.", headers: [] }],
    errors: [],
    handle: getBase,
  },
];

// Rows of the route table: the base.
import { getBase } from "../endpoints/base.ts";
import type { Route } from "../route.ts";

export const baseRoutes: readonly Route[] = [
  {
    id: "base",
    method: "GET",
    path: "/v2/",
    handler: "base",
    specification: "end-1",
    summary: "Tells that this is a registry, and to who must prove who they are, how.",
    notes: [
      "Where there are users, 401 with `WWW-Authenticate` for who shows no credentials, also if anybody may pull: docker asks here whether it must log in.",
    ],
    pathParameters: [],
    queryParameters: [],
    requestHeaders: [],
    successes: [{ status: 200, meaning: "An empty JSON object.", headers: [] }],
    errors: [],
    handle: getBase,
  },
];

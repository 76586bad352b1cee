// Rows of the route table: referrers.
import { listReferrers } from "../endpoints/referrers.ts";
import type { Route } from "../route.ts";
import { DIGEST, N, NAME, NEXT_PAGE } from "./vocabulary.ts";

export const referrerRoutes: readonly Route[] = [
  {
    id: "list-referrers",
    method: "GET",
    path: "/v2/{name}/referrers/{digest}",
    handler: "referrers",
    specification: "end-12a, end-12b",
    summary: "Lists the manifests whose `subject` is this digest, as an image index.",
    notes: ["A subject that is not there, or has no referrers, has an empty list."],
    pathParameters: [NAME, DIGEST],
    queryParameters: [
      { name: "artifactType", meaning: "Only referrers of exactly this artifact type." },
      { ...N, meaning: `${N.meaning} Default and most: 1,000.` },
      { name: "page", meaning: "Which page; stands in the `Link` of the page before." },
    ],
    requestHeaders: [],
    successes: [
      {
        status: 200,
        meaning: "An image index.",
        headers: [
          NEXT_PAGE,
          { name: "OCI-Filters-Applied", meaning: "`artifactType`, if the list was filtered by it." },
        ],
      },
    ],
    errors: [
      "DIGEST_INVALID",
      "PAGINATION_NUMBER_INVALID",
      "PAGINATION_TOKEN_INVALID",
      "REQUEST_INVALID",
      "NAME_INVALID",
    ],
    handle: listReferrers,
  },
];

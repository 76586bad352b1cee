// Rows of the route table: blobs.
import { deleteBlob, getBlob } from "../endpoints/blobs.ts";
import type { Route } from "../route.ts";
import {
  CACHE_CONTROL,
  CONTENT_DIGEST,
  CONTENT_LENGTH,
  DIGEST,
  ETAG,
  IF_NONE_MATCH,
  NAME,
} from "./vocabulary.ts";

const ACCEPT_RANGES = { name: "Accept-Ranges", meaning: "`bytes`." };

export const blobRoutes: readonly Route[] = [
  {
    id: "get-blob",
    method: "GET",
    path: "/v2/{name}/blobs/{digest}",
    handler: "blob",
    specification: "end-2",
    summary: "Reads a blob, or parts of it; HEAD describes it.",
    notes: [
      "A `Range` that cannot be read is ignored, as is one with more than 16 parts. Parts that overlap or touch are joined; several come as `multipart/byteranges`.",
    ],
    pathParameters: [NAME, DIGEST],
    queryParameters: [],
    requestHeaders: [
      {
        name: "Range",
        meaning:
          "`bytes=<first>-<last>`, `bytes=<first>-`, `bytes=-<count>`, or several with commas. GET only.",
      },
      { name: "If-Range", meaning: "The `Range` counts only if this is the blob's entity tag." },
      IF_NONE_MATCH,
    ],
    successes: [
      {
        status: 200,
        meaning: "The blob.",
        headers: [CONTENT_LENGTH, CONTENT_DIGEST, ETAG, CACHE_CONTROL, ACCEPT_RANGES],
      },
      {
        status: 206,
        meaning: "The parts asked for.",
        headers: [
          {
            name: "Content-Range",
            meaning: "`bytes <first>-<last>/<size>`; with several parts, each has its own.",
          },
          { name: "Content-Length", meaning: "How many bytes the answer has." },
          CONTENT_DIGEST,
          ETAG,
          CACHE_CONTROL,
          ACCEPT_RANGES,
        ],
      },
      { status: 304, meaning: "The client has the blob.", headers: [CONTENT_DIGEST, ETAG, CACHE_CONTROL] },
    ],
    errors: ["BLOB_UNKNOWN", "RANGE_INVALID", "DIGEST_INVALID", "NAME_INVALID"],
    handle: getBlob,
  },
  {
    id: "delete-blob",
    method: "DELETE",
    path: "/v2/{name}/blobs/{digest}",
    handler: "blob",
    specification: "end-10",
    summary: "Removes a blob from a repository; other repositories keep it.",
    notes: [
      "While manifests of the repository need it, it is refused; each of the first 100 is named in `detail`. The configuration can allow it.",
    ],
    pathParameters: [NAME, DIGEST],
    queryParameters: [],
    requestHeaders: [],
    successes: [{ status: 202, meaning: "The blob is gone from the repository.", headers: [] }],
    errors: ["BLOB_UNKNOWN", "BLOB_IN_USE", "UNSUPPORTED", "DIGEST_INVALID", "NAME_INVALID"],
    handle: deleteBlob,
  },
];

// Rows of the route table: manifests.
import { deleteManifest, getManifest, putManifest } from "../endpoints/manifests.ts";
import type { Explained, Route } from "../route.ts";
import {
  CONTENT_DIGEST,
  CONTENT_LENGTH,
  ETAG,
  IF_NONE_MATCH,
  MANIFEST_LOCATION,
  NAME,
  REFERENCE,
} from "./vocabulary.ts";

const PATH = "/v2/{name}/manifests/{reference}";

const CONDITIONS: readonly Explained[] = [
  {
    name: "If-Match",
    meaning:
      'What the tag must point to: `"<digest>"`, several with commas, or `*` for anything. Otherwise 412.',
  },
  {
    name: "If-None-Match",
    meaning:
      'What the tag must not point to: `"<digest>"`, several with commas, or `*`: it must not exist. Otherwise 412.',
  },
];

export const manifestRoutes: readonly Route[] = [
  {
    id: "get-manifest",
    method: "GET",
    path: PATH,
    handler: "manifest",
    specification: "end-3",
    summary: "Reads a manifest in its exact bytes; HEAD describes it.",
    notes: [
      "`Accept` is ignored: a manifest is returned as it was pushed, with its media type.",
      "Docker's signed manifests of schema 1 come with all their signatures, and `Docker-Content-Digest` is the digest of what is signed: of these it is not that of the body.",
    ],
    pathParameters: [NAME, REFERENCE],
    queryParameters: [],
    requestHeaders: [IF_NONE_MATCH],
    successes: [
      {
        status: 200,
        meaning: "The manifest.",
        headers: [
          { name: "Content-Type", meaning: "The manifest's media type." },
          CONTENT_LENGTH,
          CONTENT_DIGEST,
          ETAG,
        ],
      },
      { status: 304, meaning: "The client has the manifest.", headers: [CONTENT_DIGEST, ETAG] },
    ],
    errors: ["MANIFEST_UNKNOWN", "TAG_INVALID", "DIGEST_INVALID", "NAME_INVALID"],
    handle: getManifest,
  },
  {
    id: "put-manifest",
    method: "PUT",
    path: PATH,
    handler: "manifest",
    specification: "end-7a, end-7b",
    summary: "Pushes a manifest and points tags to it, all or nothing.",
    notes: [
      "Every blob and manifest that it names must be in the repository; the error names all that are not. Its `subject` need not be there.",
      "Conditions are checked in the same step as the change, for every tag that the request names. With a digest and no `tag` they speak of the manifest itself.",
      "A manifest has at most 4 MiB; a larger one is MANIFEST_INVALID with status 413.",
      "Docker's signed manifests of schema 1 are accepted where `compatibility.schema1.enabled` says so. Every signature must be right, else MANIFEST_UNVERIFIED; the digest is that of what is signed. One that is pushed again with other signatures gets these too.",
    ],
    pathParameters: [NAME, REFERENCE],
    queryParameters: [{ name: "tag", meaning: "Also point this tag to the manifest. May be repeated." }],
    requestHeaders: [
      { name: "Content-Type", meaning: "The manifest's media type. Parameters are ignored." },
      ...CONDITIONS,
    ],
    body: "The manifest.",
    successes: [
      {
        status: 201,
        meaning: "The manifest is stored.",
        headers: [
          MANIFEST_LOCATION,
          CONTENT_DIGEST,
          {
            name: "OCI-Subject",
            meaning: "The subject whose referrers now list the manifest, if it has one.",
          },
          { name: "OCI-Tag", meaning: "Every tag that now points to it, if `tag` was used." },
        ],
      },
    ],
    errors: [
      "UNSUPPORTED",
      "MANIFEST_INVALID",
      "MANIFEST_UNVERIFIED",
      "MANIFEST_BLOB_UNKNOWN",
      "DIGEST_INVALID",
      "TAG_INVALID",
      "PRECONDITION_FAILED",
      "REQUEST_TIMEOUT",
      "REQUEST_INVALID",
      "NAME_INVALID",
    ],
    handle: putManifest,
  },
  {
    id: "delete-manifest",
    method: "DELETE",
    path: PATH,
    handler: "manifest",
    specification: "end-9",
    summary: "Removes a tag; with a digest, removes the manifest and every tag that points to it.",
    notes: [
      "With a manifest go its referrers and, of an index, the members that no other index names, unless they have tags of their own. All of it can be brought back for a while, by RPC.",
      "While an index of the repository names the manifest, it is refused; each of the first 100 is named in `detail`. The configuration can allow it.",
    ],
    pathParameters: [NAME, REFERENCE],
    queryParameters: [],
    requestHeaders: CONDITIONS,
    successes: [{ status: 202, meaning: "It is gone.", headers: [] }],
    errors: [
      "MANIFEST_UNKNOWN",
      "MANIFEST_IN_USE",
      "PRECONDITION_FAILED",
      "UNSUPPORTED",
      "TAG_INVALID",
      "DIGEST_INVALID",
      "REQUEST_INVALID",
      "NAME_INVALID",
    ],
    handle: deleteManifest,
  },
];

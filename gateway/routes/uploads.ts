// Rows of the route table: upload sessions.
import { deleteUpload, getUpload, patchUpload, postUpload, putUpload } from "../endpoints/uploads.ts";
import type { Explained, Route } from "../route.ts";
import {
  BLOB_LOCATION,
  CONTENT_DIGEST,
  NAME,
  SESSION,
  UPLOAD_CONTENT_RANGE,
  UPLOAD_ID,
} from "./vocabulary.ts";

const SESSION_PATH = "/v2/{name}/blobs/uploads/{upload_id}";

const WHOLE_DIGEST: Explained = { name: "digest", meaning: "The digest of the whole blob. Required." };

export const uploadRoutes: readonly Route[] = [
  {
    id: "post-upload",
    method: "POST",
    path: "/v2/{name}/blobs/uploads/",
    handler: "blob_upload",
    specification: "end-4a, end-4b, end-4c, end-11",
    summary: "Begins an upload, pushes a whole blob, or mounts one that the registry has.",
    notes: [
      "A blob that cannot be mounted is no error: the answer is 202, and the client uploads it.",
      "A push in one request that fails leaves no session behind.",
    ],
    pathParameters: [NAME],
    queryParameters: [
      { name: "mount", meaning: "The digest of a blob that the registry may have already." },
      { name: "from", meaning: "With `mount`: the repository that has it. Absent: any." },
      { name: "digest", meaning: "The digest of the blob that is the request's body." },
      {
        name: "digest-algorithm",
        meaning:
          "The algorithm that the closing PUT will name: `sha256` (default) or `sha512`. It saves a second reading of the bytes.",
      },
    ],
    requestHeaders: [],
    body: "With `digest`, the blob. Otherwise nothing.",
    successes: [
      { status: 202, meaning: "A session has begun.", headers: SESSION },
      { status: 201, meaning: "The blob was mounted or pushed.", headers: [BLOB_LOCATION, CONTENT_DIGEST] },
    ],
    errors: [
      "UNSUPPORTED",
      "DIGEST_INVALID",
      "SIZE_INVALID",
      "REQUEST_TIMEOUT",
      "REQUEST_INVALID",
      "NAME_INVALID",
    ],
    handle: postUpload,
  },
  {
    id: "get-upload",
    method: "GET",
    path: SESSION_PATH,
    handler: "blob_upload_chunk",
    specification: "end-13",
    summary: "Tells where a session stands, for example after a lost connection.",
    pathParameters: [NAME, UPLOAD_ID],
    queryParameters: [],
    requestHeaders: [],
    successes: [{ status: 204, meaning: "The session is open.", headers: SESSION }],
    errors: ["BLOB_UPLOAD_UNKNOWN", "NAME_INVALID"],
    handle: getUpload,
  },
  {
    id: "patch-upload",
    method: "PATCH",
    path: SESSION_PATH,
    handler: "blob_upload_chunk",
    specification: "end-5",
    summary: "Appends bytes to a session.",
    notes: [
      "The body may come without a length (chunked). If it breaks off, the session keeps what arrived.",
      "RANGE_INVALID comes with `Location` and `Range`, so that the client can go on from where the session stands.",
    ],
    pathParameters: [NAME, UPLOAD_ID],
    queryParameters: [],
    requestHeaders: [UPLOAD_CONTENT_RANGE],
    body: "The next bytes of the blob.",
    successes: [{ status: 202, meaning: "The bytes are on disk.", headers: SESSION }],
    errors: [
      "BLOB_UPLOAD_UNKNOWN",
      "UNSUPPORTED",
      "RANGE_INVALID",
      "SIZE_INVALID",
      "BLOB_UPLOAD_INVALID",
      "REQUEST_TIMEOUT",
      "REQUEST_INVALID",
      "NAME_INVALID",
    ],
    handle: patchUpload,
  },
  {
    id: "put-upload",
    method: "PUT",
    path: SESSION_PATH,
    handler: "blob_upload_chunk",
    specification: "end-6",
    summary: "Closes a session: its bytes become the blob.",
    notes: [
      "If the digest does not match, the session stays open and can be closed with another.",
      "Closing twice with the same digest gives the same answer, for at least an hour.",
    ],
    pathParameters: [NAME, UPLOAD_ID],
    queryParameters: [WHOLE_DIGEST],
    requestHeaders: [UPLOAD_CONTENT_RANGE],
    body: "The last bytes of the blob, or nothing if all have been sent.",
    successes: [
      { status: 201, meaning: "The blob is in the repository.", headers: [BLOB_LOCATION, CONTENT_DIGEST] },
    ],
    errors: [
      "BLOB_UPLOAD_UNKNOWN",
      "UNSUPPORTED",
      "DIGEST_INVALID",
      "RANGE_INVALID",
      "SIZE_INVALID",
      "BLOB_UPLOAD_INVALID",
      "REQUEST_TIMEOUT",
      "REQUEST_INVALID",
      "NAME_INVALID",
    ],
    handle: putUpload,
  },
  {
    id: "delete-upload",
    method: "DELETE",
    path: SESSION_PATH,
    handler: "blob_upload_chunk",
    specification: "end-14",
    summary: "Cancels a session and drops its bytes.",
    pathParameters: [NAME, UPLOAD_ID],
    queryParameters: [],
    requestHeaders: [],
    successes: [{ status: 204, meaning: "The session is gone.", headers: [] }],
    errors: ["BLOB_UPLOAD_UNKNOWN", "UNSUPPORTED", "BLOB_UPLOAD_INVALID", "NAME_INVALID"],
    handle: deleteUpload,
  },
];

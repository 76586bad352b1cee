// Parameters and headers that several routes share, explained once.
import type { Explained } from "../route.ts";

export const NAME: Explained = {
  name: "name",
  meaning: "The repository, for example `library/alpine`. It may have many components.",
};

export const DIGEST: Explained = {
  name: "digest",
  meaning: "A digest: `sha256:` and 64 hex characters, or `sha512:` and 128.",
};

export const REFERENCE: Explained = { name: "reference", meaning: "A tag, or a digest." };

export const UPLOAD_ID: Explained = {
  name: "upload_id",
  meaning: "Names the session. Take the whole `Location` of the answer before, not the id alone.",
};

export const N: Explained = { name: "n", meaning: "At most this many entries. `0` gives an empty list." };

export const LAST: Explained = {
  name: "last",
  meaning: "Begin behind this name, which need not exist any more.",
};

export const IF_NONE_MATCH: Explained = {
  name: "If-None-Match",
  meaning: 'Entity tags (`"<digest>"`) that the client has. If one of them is current, the answer is 304.',
};

export const UPLOAD_CONTENT_RANGE: Explained = {
  name: "Content-Range",
  meaning:
    "`<first>-<last>`: where in the blob the body's bytes belong, both included. Absent: at the session's end.",
};

export const CONTENT_DIGEST: Explained = {
  name: "Docker-Content-Digest",
  meaning: "The digest of the content.",
};

export const CONTENT_LENGTH: Explained = { name: "Content-Length", meaning: "The size in bytes." };

export const ETAG: Explained = { name: "ETag", meaning: "The digest in quotes." };

export const CACHE_CONTROL: Explained = {
  name: "Cache-Control",
  meaning: "That the content never changes.",
};

export const BLOB_LOCATION: Explained = { name: "Location", meaning: "The blob's path." };

export const MANIFEST_LOCATION: Explained = { name: "Location", meaning: "The manifest's path, by digest." };

export const NEXT_PAGE: Explained = {
  name: "Link",
  meaning: '`<path>; rel="next"`: where the next page is. Absent on the last page.',
};

/** Where an upload session stands. */
export const SESSION: readonly Explained[] = [
  { name: "Location", meaning: "The session's path, for the next request." },
  { name: "Range", meaning: "`0-<last>`: the bytes that have arrived; `0-0` also when there are none." },
  { name: "Docker-Upload-UUID", meaning: "The session's id." },
];

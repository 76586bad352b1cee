// The stores, with a span around each read and write that a request waits for.
import type { BlobStore } from "../blobs/blob-store.ts";
import type { UploadStore } from "../blobs/upload-store.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { Scopes } from "../telemetry/scope.ts";
import { type TracedMethods, traced } from "./traced.ts";

export interface TracedStores {
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  readonly metadata: MetadataStore;
}

const ofDigest = (digest: string) => ({ "stowage.digest": digest });

const ofUpload = (id: string) => ({ "stowage.upload": id });

/** The kinds of records that pushes and pulls read; see the key tree in metadata/keys.ts. */
const RECORDS: Readonly<Record<string, string>> = {
  r: "repository",
  l: "link",
  m: "manifest",
  M: "deleted manifest",
  t: "tag",
  g: "tag of a manifest",
  f: "referrer",
  b: "blob",
  p: "content of a manifest",
  u: "upload",
  d: "ended upload",
  e: "event",
  H: "holder",
  n: "counter",
};

/** Of a key only the kind is told: what follows may be secret. */
const ofKey = ({ text }: { readonly text: string }) => {
  const slash = text.indexOf("/");
  const kind = slash < 0 ? text : text.slice(0, slash);
  return { "stowage.records": RECORDS[kind] ?? kind };
};

const BLOBS: TracedMethods<BlobStore> = {
  stat: ofDigest,
  read: (digest, { offset, limit }) => ({
    "stowage.digest": digest,
    "stowage.offset": offset,
    "stowage.limit": limit,
  }),
  get: ofDigest,
  put: (digest, { length }) => ({ "stowage.digest": digest, "stowage.size": length }),
  delete: ofDigest,
};

const UPLOADS: TracedMethods<UploadStore> = {
  size: ofUpload,
  write: (id, { offset, size }) => ({ "stowage.upload": id, "stowage.offset": offset, "stowage.size": size }),
  commit: (id, digest) => ({ "stowage.upload": id, "stowage.digest": digest }),
  finish: (id, { size }, digest) => ({
    "stowage.upload": id,
    "stowage.digest": digest,
    "stowage.size": size,
  }),
  discard: ofUpload,
};

const METADATA: TracedMethods<MetadataStore> = {
  get: ofKey,
  page: (prefix, { limit }) => ({ ...ofKey(prefix), "stowage.limit": limit }),
  commit: ({ changes, events }) => ({ "stowage.changes": changes.length, "stowage.events": events?.length }),
  readEvents: (after, limit) => ({ "stowage.after": after, "stowage.limit": limit }),
  snapshot: () => ({}),
};

/** The same stores, traced. Whoever closes them closes the given ones. */
export function tracedStores<S extends TracedStores>(stores: S, scopes: Scopes): S {
  return {
    ...stores,
    blobs: traced(stores.blobs, { scopes, name: "blobs", methods: BLOBS }),
    uploads: traced(stores.uploads, { scopes, name: "uploads", methods: UPLOADS }),
    metadata: traced(stores.metadata, { scopes, name: "metadata", methods: METADATA }),
  };
}

// The rules, with a span around each of their steps.
import type { Core } from "../core/core.ts";
import type { Scopes } from "../telemetry/scope.ts";
import { type TracedMethods, traced } from "./traced.ts";

const ofRepository = (repository: string | undefined) => ({ "stowage.repository": repository });

const ofDigest = (repository: string, digest: string) => ({
  "stowage.repository": repository,
  "stowage.digest": digest,
});

const ofReference = (repository: string, reference: { readonly tag?: string; readonly digest?: string }) => ({
  "stowage.repository": repository,
  "stowage.reference": reference.tag ?? reference.digest,
});

const ofUpload = ({ repository, id }: { readonly repository: string; readonly id: string }) => ({
  "stowage.repository": repository,
  "stowage.upload": id,
});

const ofNothing = () => ({});

const BLOBS: TracedMethods<Core["blobs"]> = {
  stat: ofDigest,
  open: (repository, { digest, size }, { offset, limit }) => ({
    ...ofDigest(repository, digest),
    "stowage.size": size,
    "stowage.offset": offset,
    "stowage.limit": limit,
  }),
  mount: ({ repository, digest, from }) => ({ ...ofDigest(repository, digest), "stowage.from": from }),
  delete: ofDigest,
};

const UPLOADS: TracedMethods<Core["uploads"]> = {
  create: ofRepository,
  get: ofUpload,
  write: (name, { offset, size }) => ({ ...ofUpload(name), "stowage.offset": offset, "stowage.size": size }),
  commit: (name, digest) => ({ ...ofUpload(name), "stowage.digest": digest }),
  writeAndCommit: ofUpload,
  cancel: ofUpload,
  list: ofNothing,
};

const MANIFESTS: TracedMethods<Core["manifests"]> = {
  put: ({ repository, mediaType, content, digest, tags }) => ({
    "stowage.repository": repository,
    "stowage.digest": digest,
    "stowage.reference": tags[0],
    "stowage.media_type": mediaType,
    "stowage.size": content.length,
  }),
  stat: ofReference,
  get: ofReference,
  delete: ofRepository,
};

const TAGS: TracedMethods<Core["tags"]> = {
  delete: ({ repository, tag }) => ({ "stowage.repository": repository, "stowage.reference": tag }),
  list: ofRepository,
};

/** The same rules, traced. */
export function tracedCore(core: Core, scopes: Scopes): Core {
  const { blobs, uploads, manifests, tags, tagHistory, trash, events, lists } = core;
  return {
    ...traced(core, {
      scopes,
      name: "core",
      methods: { listRepositories: ofNothing, listReferrers: ofDigest },
    }),
    blobs: traced(blobs, { scopes, name: "core.blobs", methods: BLOBS }),
    uploads: traced(uploads, { scopes, name: "core.uploads", methods: UPLOADS }),
    manifests: traced(manifests, { scopes, name: "core.manifests", methods: MANIFESTS }),
    tags: traced(tags, { scopes, name: "core.tags", methods: TAGS }),
    tagHistory: traced(tagHistory, {
      scopes,
      name: "core.tag_history",
      methods: { list: ofRepository, restore: ofNothing },
    }),
    trash: traced(trash, {
      scopes,
      name: "core.trash",
      methods: { list: ofRepository, restore: ofDigest, purge: ofDigest },
    }),
    lists: traced(lists, {
      scopes,
      name: "core.lists",
      methods: {
        tags: ({ repository }) => ofRepository(repository),
        repositories: ofNothing,
        usage: ofNothing,
      },
    }),
    events: traced(events, { scopes, name: "core.events", methods: { list: ofNothing } }),
  };
}

// ManifestService: protobuf in, core call, protobuf out.
import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { Core } from "../core/core.ts";
import type { Referrer } from "../core/referrers.ts";
import type { RestoreTag } from "../core/tag-history.ts";
import type { TagPrecondition } from "../core/tags.ts";
import {
  ReferrerSchema,
  type TagPrecondition as TagPreconditionMessage,
} from "../gen/stowage/v1/manifest_pb.ts";
import type {
  ManifestService,
  PutManifestRequest,
  RestoreTagRequest,
} from "../gen/stowage/v1/manifest_service_pb.ts";
import { parseDigest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import { parseRepositoryName, parseTag } from "../oci/reference.ts";
import { descriptorMessage, pageToken, parsePage, parseReferenceMessage } from "./convert.ts";
import { endOfStream } from "./end-of-stream.ts";
import { nextToken, parseRepositoryList, parseTagList } from "./list-request.ts";
import { originOf } from "./origin.ts";
import type { Reception } from "./reception.ts";
import { parseTime } from "./times.ts";
import { deletedManifestMessage, tagChangeMessage } from "./trash-message.ts";
import { repositoryMessage, tagMessage } from "./usage-message.ts";

const REFERRER_PAGE = { fallback: 100, most: 1000 };
const TRASH_PAGE = { fallback: 100, most: 1000 };

/** The most tags of one push; its event names them all, and must fit into any client's message. */
const MAX_TAGS = 1000;

export function manifestService(core: Core, reception: Reception): ServiceImpl<typeof ManifestService> {
  const { manifests, tags, tagHistory, trash, lists } = core;
  return {
    async putManifest(request, context) {
      const { descriptor, subject } = await manifests.put(parsePut(request), originOf(context));
      return { descriptor: descriptorMessage(descriptor), subject: subject ?? "", tags: request.tags };
    },

    async getManifest({ repository, reference }, context) {
      const name = parseRepositoryName(repository);
      const asked = parseReferenceMessage(reference);
      const { descriptor, content } = await manifests.get(name, asked, originOf(context));
      return { descriptor: descriptorMessage(descriptor), content: content as Uint8Array<ArrayBuffer> };
    },

    async statManifest({ repository, reference }, context) {
      const name = parseRepositoryName(repository);
      const descriptor = await manifests.stat(name, parseReferenceMessage(reference), originOf(context));
      return { descriptor: descriptorMessage(descriptor) };
    },

    async deleteManifest({ repository, digest }, context) {
      const name = parseRepositoryName(repository);
      const deleted = await manifests.delete(name, parseDigest(digest), originOf(context));
      return { tags: [...deleted.tags], companionDigests: [...deleted.companions] };
    },

    async deleteTag({ repository, tag, precondition }, context) {
      const deletion = {
        repository: parseRepositoryName(repository),
        tag: parseTag(tag),
        precondition: parsePrecondition(precondition),
      };
      const descriptor = await tags.delete(deletion, originOf(context));
      return { descriptor: descriptorMessage(descriptor) };
    },

    async listTagHistory(request) {
      const name = parseRepositoryName(request.repository);
      const page = parsePage(request, TRASH_PAGE);
      const { items, more } = await tagHistory.list(name, parseTag(request.tag), page);
      return { changes: items.map(tagChangeMessage), nextPageToken: nextPage(more, items.at(-1)?.name) };
    },

    async restoreTag(request, context) {
      const { descriptor, undeleted } = await tagHistory.restore(parseRestore(request), originOf(context));
      return { descriptor: descriptorMessage(descriptor), undeletedDigests: [...undeleted] };
    },

    async listDeletedManifests(request) {
      const name = request.repository === "" ? undefined : parseRepositoryName(request.repository);
      const { items, more } = await trash.list(name, parsePage(request, TRASH_PAGE));
      const nextPageToken = nextPage(more, items.at(-1)?.name);
      return { manifests: items.map(deletedManifestMessage), nextPageToken };
    },

    async undeleteManifest({ repository, digest }, context) {
      const name = parseRepositoryName(repository);
      const restored = await trash.restore(name, parseDigest(digest), originOf(context));
      return {
        descriptor: descriptorMessage(restored.descriptor),
        tags: [...restored.tags],
        takenTags: [...restored.takenTags],
        companionDigests: [...restored.companions],
      };
    },

    async listTags(request, { signal }) {
      const list = parseTagList(request);
      const page = await untilLeft(signal, lists.tags({ ...list, signal }));
      const tags = page.items.map((tag) => tagMessage(tag, request.details));
      return { tags, nextPageToken: nextToken(page, list) };
    },

    async listReferrers(request) {
      const { artifactType } = request;
      const { items, more } = await core.listReferrers(
        parseRepositoryName(request.repository),
        parseDigest(request.digest),
        { ...parsePage(request, REFERRER_PAGE), ...(artifactType !== "" && { artifactType }) },
      );
      return { referrers: items.map(referrerMessage), nextPageToken: nextPage(more, items.at(-1)?.digest) };
    },

    async listRepositories(request, context) {
      const { signal } = context;
      const { fits, ...list } = parseRepositoryList(request);
      const sight = reception.seesAll(context) ? undefined : reception.sightOf(context, "catalog");
      // What may not be seen has no place in any order.
      const choice = both(sight, fits);
      const page = await untilLeft(signal, lists.repositories({ ...list, choice, signal }));
      return { repositories: page.items.map(repositoryMessage), nextPageToken: nextToken(page, list) };
    },
  };
}

function parsePut({ repository, mediaType, content, digest, tags, precondition }: PutManifestRequest) {
  if (tags.length > MAX_TAGS) {
    const message = `a push may name at most ${MAX_TAGS} tags, not ${tags.length}`;
    throw new RegistryError("REQUEST_INVALID", { limit: String(MAX_TAGS) }, { message });
  }
  const condition = parsePrecondition(precondition);
  return {
    repository: parseRepositoryName(repository),
    mediaType,
    content,
    tags: tags.map(parseTag),
    ...(digest !== undefined && { digest: parseDigest(digest) }),
    ...(condition !== undefined && { precondition: condition }),
  };
}

function parseRestore({ repository, tag, target, precondition }: RestoreTagRequest) {
  const condition = parsePrecondition(precondition);
  return {
    repository: parseRepositoryName(repository),
    tag: parseTag(tag),
    target: parseTarget(target),
    ...(condition !== undefined && { precondition: condition }),
  };
}

function parseTarget(target: RestoreTagRequest["target"]): RestoreTag["target"] {
  switch (target.case) {
    case "digest":
      return { kind: "digest", digest: parseDigest(target.value) };
    case "time":
      return { kind: "time", time: parseTime(target.value, "time") };
    case undefined: {
      const message = "target is missing: give a digest or a time";
      throw new RegistryError("REQUEST_INVALID", {}, { message });
    }
  }
}

function parsePrecondition(message: TagPreconditionMessage | undefined): TagPrecondition | undefined {
  if (message === undefined) return undefined;
  const { condition } = message;
  switch (condition.case) {
    case "absent":
    case "present":
      if (condition.value) return { kind: condition.case };
      break;
    case "anyOf":
      return { kind: "any-of", digests: condition.value.digests.map(parseDigest) };
    case "noneOf":
      return { kind: "none-of", digests: condition.value.digests.map(parseDigest) };
    case undefined:
      break;
  }
  throw new RegistryError(
    "REQUEST_INVALID",
    {},
    { message: "precondition needs exactly one condition that is set" },
  );
}

type Choice = ((repository: string) => boolean) | undefined;

function both(one: Choice, other: Choice): Choice {
  if (one === undefined || other === undefined) return one ?? other;
  return (repository) => one(repository) && other(repository);
}

/** The work's result, unless its caller left before or had no more time. */
async function untilLeft<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw signal.aborted && !(error instanceof RegistryError) ? endOfStream(signal) : error;
  }
}

function referrerMessage({ digest, mediaType, size, artifactType, annotations }: Referrer) {
  return create(ReferrerSchema, {
    descriptor: descriptorMessage({ mediaType, digest, size }),
    artifactType: artifactType ?? "",
    annotations: { ...annotations },
  });
}

function nextPage(more: boolean, last: string | undefined): string {
  return more && last !== undefined ? pageToken(last) : "";
}

// Manifests by tag and by digest. The Accept header is not looked at: a manifest
// has one form. distribution-spec, Pulling manifests, Pushing Manifests, Content Management.
import { RegistryError } from "../../src/oci/errors.ts";
import { essence } from "../../src/oci/media-types.ts";
import { answer } from "../answer.ts";
import { demandDescriptor } from "../descriptor.ts";
import { entityTag, isNoneMatch } from "../entity-tags.ts";
import { hasCode } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { ResponseHeaders } from "../http-messages.ts";
import { manifestLocation } from "../locations.ts";
import { withScope } from "../push-access.ts";
import { queryValues } from "../query.ts";
import { readManifestBody } from "../read-manifest-body.ts";
import { isMetByManifest, type TagPrecondition, tagPrecondition } from "../tag-conditions.ts";

export async function getManifest(exchange: Exchange): Promise<void> {
  if (exchange.method === "HEAD" || exchange.request.headers["if-none-match"] !== undefined) {
    if (await answerFromDescriptor(exchange)) return;
  }
  const { services, repository } = exchange;
  const asked = { repository, reference: reference(exchange) };
  const manifest = await services.manifests.getManifest(asked, exchange.call);
  answer(exchange, 200, contentHeaders(demandDescriptor(manifest)), manifest.content);
}

export async function putManifest(exchange: Exchange): Promise<void> {
  const { services, repository, argument, query, request } = exchange;
  const byDigest = isDigestText(argument);
  const asked = queryValues(query, "tag");
  const tags = byDigest ? asked : [argument, ...asked];
  const precondition = tagPrecondition(request);
  const content = await readManifestBody(exchange);
  if (precondition !== undefined && tags.length === 0) await demandOfManifest(exchange, precondition);
  const push = {
    repository,
    mediaType: essence(request.headers["content-type"] ?? ""),
    content,
    tags: [...new Set(tags)],
    ...(byDigest && { digest: argument }),
    ...(precondition !== undefined && tags.length > 0 && { precondition }),
  };
  const stored = await withScope(exchange, services.manifests.putManifest(push, exchange.call));
  const { digest } = demandDescriptor(stored);
  answer(exchange, 201, {
    Location: manifestLocation(exchange, digest),
    "Docker-Content-Digest": digest,
    "Content-Length": 0,
    ...(stored.subject !== "" && { "OCI-Subject": stored.subject }),
    ...(asked.length > 0 && { "OCI-Tag": stored.tags }),
  });
}

export async function deleteManifest(exchange: Exchange): Promise<void> {
  const { services, repository, argument, request } = exchange;
  const precondition = tagPrecondition(request);
  if (isDigestText(argument)) {
    if (precondition !== undefined) await demandOfManifest(exchange, precondition);
    await services.manifests.deleteManifest({ repository, digest: argument }, exchange.call);
  } else {
    const condition = precondition === undefined ? {} : { precondition };
    await services.manifests.deleteTag({ repository, tag: argument, ...condition }, exchange.call);
  }
  answer(exchange, 202, { "Content-Length": 0 });
}

/** Answers HEAD, and 304 where the client has the manifest. False: the content has to be sent. */
async function answerFromDescriptor(exchange: Exchange): Promise<boolean> {
  const { services, repository, method, request } = exchange;
  const asked = { repository, reference: reference(exchange) };
  const descriptor = demandDescriptor(await services.manifests.statManifest(asked, exchange.call));
  const { digest } = descriptor;
  if (isNoneMatch(request.headers["if-none-match"], digest)) {
    answer(exchange, 304, { ETag: entityTag(digest), "Docker-Content-Digest": digest });
    return true;
  }
  if (method === "HEAD") answer(exchange, 200, contentHeaders(descriptor));
  return method === "HEAD";
}

/**
 * A condition on a manifest itself, where no tag moves. It need not be one step
 * with the change: what a digest names never changes, only whether it is there.
 */
async function demandOfManifest(exchange: Exchange, precondition: TagPrecondition): Promise<void> {
  const { services, repository, argument: digest } = exchange;
  const asked = { repository, reference: reference(exchange) };
  const exists = await services.manifests.statManifest(asked, exchange.call).then(
    () => true,
    (error: unknown) => {
      if (hasCode(error, "MANIFEST_UNKNOWN")) return false;
      throw error;
    },
  );
  if (isMetByManifest(precondition, digest, exists)) return;
  const message = `manifest ${digest} ${exists ? "exists" : "does not exist"}`;
  throw new RegistryError("PRECONDITION_FAILED", { digest }, { message });
}

function contentHeaders(descriptor: {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: bigint;
}): ResponseHeaders {
  return {
    "Content-Type": descriptor.mediaType,
    "Content-Length": String(descriptor.size),
    "Docker-Content-Digest": descriptor.digest,
    ETag: entityTag(descriptor.digest),
  };
}

function reference({ argument }: Exchange) {
  return isDigestText(argument)
    ? ({ name: { case: "digest", value: argument } } as const)
    : ({ name: { case: "tag", value: argument } } as const);
}

/** Only digests have colons; whether this is a good one, the registry decides. */
function isDigestText(text: string): boolean {
  return text.includes(":");
}

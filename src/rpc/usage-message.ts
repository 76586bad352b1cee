// What repositories hold, and tags and repositories in lists, as protobuf.
import { create } from "@bufbuild/protobuf";
import type { ListedRepository } from "../core/listing/repositories.ts";
import type { ListedTag } from "../core/listing/tags.ts";
import type { ReportedQuota, UsageReport } from "../core/listing/usage.ts";
import {
  type Repository as RepositoryMessage,
  RepositorySchema,
  type Tag as TagMessage,
  TagSchema,
} from "../gen/stowage/v1/manifest_pb.ts";
import {
  type QuotaUse as QuotaUseMessage,
  QuotaUseSchema,
  type Usage as UsageMessage,
  UsageSchema,
} from "../gen/stowage/v1/usage_pb.ts";
import { descriptorMessage, timeMessage } from "./convert.ts";

type UsageRecord = UsageReport["usage"];

export function tagMessage({ name, record, pulls }: ListedTag, details: boolean): TagMessage {
  if (record === undefined) return create(TagSchema, { name });
  const { mediaType, digest, size, updateTime, totalSize, platforms, artifactType, actor } = record;
  const descriptor = descriptorMessage({ mediaType, digest, size });
  const told = { name, descriptor, updateTime: timeMessage(updateTime) };
  if (!details) return create(TagSchema, told);
  return create(TagSchema, {
    ...told,
    ...(totalSize !== undefined && { totalSize: BigInt(totalSize) }),
    platforms: [...(platforms ?? [])],
    artifactType: artifactType ?? "",
    updateActor: actor ?? "",
    ...(pulls !== undefined && {
      pullCount: BigInt(pulls.count),
      lastPullTime: timeMessage(pulls.lastTime),
    }),
  });
}

export function repositoryMessage({ name, usage, createTime }: ListedRepository): RepositoryMessage {
  if (usage === undefined) return create(RepositorySchema, { name });
  return create(RepositorySchema, {
    name,
    usage: usageMessage(usage),
    ...(createTime !== undefined && { createTime: timeMessage(createTime) }),
  });
}

export function usageMessage(usage: UsageRecord): UsageMessage {
  const { pushTime, pullTime } = usage;
  return create(UsageSchema, {
    bytes: BigInt(usage.bytes),
    logicalBytes: BigInt(usage.logicalBytes),
    blobs: BigInt(usage.blobs),
    manifests: BigInt(usage.manifests),
    trashedManifests: BigInt(usage.trashed),
    tags: BigInt(usage.tags),
    pulls: BigInt(usage.pulls),
    repositories: BigInt(usage.repositories),
    ...(pushTime !== undefined && { lastPushTime: timeMessage(pushTime) }),
    ...(pullTime !== undefined && { lastPullTime: timeMessage(pullTime) }),
  });
}

export function quotaUseMessage({ quota, usage }: ReportedQuota): QuotaUseMessage {
  const { name, globs = [], scope, bytes, tags } = quota;
  return create(QuotaUseSchema, {
    name,
    repositories: [...globs],
    together: scope !== "each",
    ...(bytes !== undefined && { maxBytes: BigInt(bytes), ...(usage && { bytes: BigInt(usage.bytes) }) }),
    ...(tags !== undefined && { maxTags: BigInt(tags), ...(usage && { tags: BigInt(usage.tags) }) }),
  });
}

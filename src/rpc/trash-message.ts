// What tags were, and what is in the trash, as protobuf.
import { create } from "@bufbuild/protobuf";
import type { Core } from "../core/core.ts";
import {
  type DeletedManifest,
  DeletedManifestSchema,
  type TagChange,
  TagChangeSchema,
} from "../gen/stowage/v1/manifest_pb.ts";
import { type Reason, ReasonSchema } from "../gen/stowage/v1/reason_pb.ts";
import { descriptorMessage, timeMessage } from "./convert.ts";

type Change = Awaited<ReturnType<Core["tagHistory"]["list"]>>["items"][number];
type TrashedManifest = Awaited<ReturnType<Core["trash"]["list"]>>["items"][number];
type DeletionReason = TrashedManifest["record"]["reason"];

export function tagChangeMessage({ time, from, to, actor, requestId, reason }: Change): TagChange {
  return create(TagChangeSchema, {
    changeTime: timeMessage(time),
    fromDigest: from ?? "",
    toDigest: to ?? "",
    actor: actor ?? "",
    requestId: requestId ?? "",
    ...(reason !== undefined && { reason: reasonMessage(reason) }),
  });
}

export function deletedManifestMessage(trashed: TrashedManifest): DeletedManifest {
  const { repository, digest, record, expireTime } = trashed;
  const { manifest, tags, deleteTime, reason, actor, companions = [] } = record;
  const { mediaType, size, artifactType, subject } = manifest;
  return create(DeletedManifestSchema, {
    repository,
    descriptor: descriptorMessage({ mediaType, digest, size }),
    tags: [...tags],
    deleteTime: timeMessage(deleteTime),
    expireTime: timeMessage(expireTime),
    actor: actor ?? "",
    reason: reasonMessage(reason),
    companions: companions.length,
    artifactType: artifactType ?? "",
    subject: subject ?? "",
  });
}

export function reasonMessage(reason: DeletionReason): Reason {
  switch (reason.kind) {
    case "request":
      return create(ReasonSchema, { kind: { case: "requested", value: {} } });
    case "belonged":
      return create(ReasonSchema, { kind: { case: "belonged", value: { digest: reason.to } } });
    case "retention":
      return create(ReasonSchema, { kind: { case: "retention", value: { rule: reason.rule } } });
  }
}

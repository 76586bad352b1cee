// What keeps a blob, as protobuf.
import { create } from "@bufbuild/protobuf";
import { type BlobHolder, BlobHolderSchema } from "../gen/stowage/v1/maintenance_pb.ts";
import type { Explanation, Holder, ManifestState } from "../maintenance/collector/explain.ts";
import { timeMessage } from "./convert.ts";
import { reasonMessage } from "./trash-message.ts";

/** The members of ExplainBlobResponse. */
export function explanationMessage(explanation: Explanation) {
  const { size, createTime, damageTime, dueTime, holderCount, holders } = explanation;
  return {
    size: BigInt(size),
    createTime: timeMessage(createTime),
    ...(damageTime !== undefined && { damageTime: timeMessage(damageTime) }),
    holderCount: BigInt(holderCount),
    holders: holders.map(holderMessage),
    ...(dueTime !== undefined && { dueTime: timeMessage(dueTime) }),
  };
}

function holderMessage(holder: Holder): BlobHolder {
  const { repository } = holder;
  if (holder.kind === "link") {
    const value = { needed: holder.isNamed, leaseUntil: timeMessage(holder.leaseUntil) };
    return create(BlobHolderSchema, { repository, kind: { case: "link", value } });
  }
  const { manifest: digest, mediaType, state } = holder;
  const value = { digest, mediaType, ...stateMembers(state) };
  return create(BlobHolderSchema, { repository, kind: { case: "manifest", value } });
}

function stateMembers(state: ManifestState) {
  if (state.kind === "trash")
    return { expireTime: timeMessage(state.expireTime), reason: reasonMessage(state.reason) };
  const { tags, indexes, subject } = state;
  return { tags: [...tags], indexDigests: [...indexes], subject: subject ?? "" };
}

// Collections and what they remove, as protobuf.
import { create } from "@bufbuild/protobuf";
import {
  type CollectedItem,
  CollectedItemSchema,
  type CollectionTotals as CollectionTotalsMessage,
  CollectionTotalsSchema,
} from "../gen/stowage/v1/maintenance_pb.ts";
import type { RunCollectionResponse } from "../gen/stowage/v1/maintenance_service_pb.ts";
import type {
  CollectionItem,
  CollectionTotals,
  RemovedItem,
} from "../maintenance/collector/collection-items.ts";

export function collectionPart(item: CollectionItem): RunCollectionResponse["item"] {
  if ("totals" in item) return { case: item.kind, value: collectionTotalsMessage(item.totals) };
  return { case: "removed", value: collectedMessage(item) };
}

export function collectionTotalsMessage(totals: CollectionTotals): CollectionTotalsMessage {
  return create(CollectionTotalsSchema, {
    examined: BigInt(totals.examined),
    manifests: BigInt(totals.manifests),
    links: BigInt(totals.links),
    blobs: BigInt(totals.blobs),
    bytes: BigInt(totals.bytes),
    tagChanges: BigInt(totals.tagChanges),
    repositories: BigInt(totals.repositories),
  });
}

function collectedMessage(item: RemovedItem): CollectedItem {
  switch (item.kind) {
    case "manifest":
    case "link": {
      const { kind, repository, digest, size } = item;
      const value = { repository, digest, size: BigInt(size) };
      return create(CollectedItemSchema, { kind: { case: kind, value } });
    }
    case "blob": {
      const value = { digest: item.digest, size: BigInt(item.size) };
      return create(CollectedItemSchema, { kind: { case: "blob", value } });
    }
    case "tag-change": {
      const value = { repository: item.repository, tag: item.tag };
      return create(CollectedItemSchema, { kind: { case: "tagChange", value } });
    }
    case "repository": {
      const value = { repository: item.repository };
      return create(CollectedItemSchema, { kind: { case: "repository", value } });
    }
  }
}

// What a subscription delivers, as protobuf.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Delivery, SnapshotItem } from "../core/events.ts";
import {
  type SnapshotItem as SnapshotItemMessage,
  SnapshotItemSchema,
  type SubscribeResponseSchema,
} from "../gen/stowage/v1/event_service_pb.ts";
import { descriptorMessage, timeMessage } from "./convert.ts";
import { type EventMessageOptions, eventMessage } from "./event-message.ts";

type DeliveryMessage = NonNullable<MessageInitShape<typeof SubscribeResponseSchema>["message"]>;
type ItemMessage = NonNullable<MessageInitShape<typeof SnapshotItemSchema>["item"]>;

export function deliveryMessage(delivery: Delivery, options: EventMessageOptions): DeliveryMessage {
  switch (delivery.kind) {
    case "ready":
      return { case: "ready", value: { cursor: String(delivery.sequence) } };
    case "event":
      return { case: "event", value: eventMessage(delivery, options) };
    case "keepalive":
      return { case: "keepalive", value: { cursor: String(delivery.sequence ?? "") } };
    case "snapshot_item":
      return { case: "snapshotItem", value: snapshotItemMessage(delivery.item) };
    case "snapshot_end":
      return { case: "snapshotEnd", value: { cursor: String(delivery.sequence) } };
    default:
      return delivery satisfies never;
  }
}

function snapshotItemMessage(item: SnapshotItem): SnapshotItemMessage {
  const { repository, time } = item;
  return create(SnapshotItemSchema, { repository, time: timeMessage(time), item: itemMessage(item) });
}

function itemMessage(item: SnapshotItem): ItemMessage {
  switch (item.kind) {
    case "repository":
      return { case: "repositoryState", value: {} };
    case "blob":
      return { case: "blob", value: { descriptor: descriptorMessage(item.descriptor) } };
    case "manifest": {
      const { subject = "", artifactType = "" } = item;
      const descriptor = descriptorMessage(item.descriptor);
      return { case: "manifest", value: { descriptor, subject, artifactType } };
    }
    case "tag":
      return { case: "tag", value: { tag: item.tag, descriptor: descriptorMessage(item.descriptor) } };
    default:
      return item satisfies never;
  }
}

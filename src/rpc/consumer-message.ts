// Named consumers as protobuf.
import { create } from "@bufbuild/protobuf";
import type { Consumer } from "../core/consumers.ts";
import { type Consumer as ConsumerMessage, ConsumerSchema } from "../gen/stowage/v1/event_service_pb.ts";
import { timeMessage } from "./convert.ts";

export function consumerMessage(consumer: Consumer): ConsumerMessage {
  const { name, sequence, lag, createTime, acknowledgeTime, isConnected, isExpired } = consumer;
  return create(ConsumerSchema, {
    name,
    cursor: String(sequence),
    lag: BigInt(lag),
    createTime: timeMessage(createTime),
    ...(acknowledgeTime !== undefined && { acknowledgeTime: timeMessage(acknowledgeTime) }),
    connected: isConnected,
    expired: isExpired,
  });
}

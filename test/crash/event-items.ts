// Events in the three forms in which readers get them, made comparable: as the RPCs and CloudEvents tell them, and as
// Docker's envelope does.
import { fromJson, type JsonValue, toJsonString } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { v5 } from "uuid";
import { type Event, EventSchema } from "../../src/gen/stowage/v1/event_pb.ts";
import type { DueItem, Item } from "./reading.ts";

/** Second and further tags of a push get ids of their own, made in this namespace; receivers may rely on them. */
const TAG_EVENT_IDS = "5f0c1a52-6a0e-4d3c-9d0b-3a9f4b8e7c21";

/** What Docker's envelope has a word for. */
const ACTIONS = new Map([
  ["blobPushed", "push"],
  ["manifestPushed", "push"],
  ["blobMounted", "mount"],
  ["blobDeleted", "delete"],
  ["manifestDeleted", "delete"],
  ["tagDeleted", "delete"],
]);

type JsonObject = Readonly<Record<string, unknown>>;

/** The event as an RPC gave it. */
export function eventItem(event: Event): DueItem {
  return { id: event.eventId, cursor: event.cursor, content: toJsonString(EventSchema, event) };
}

/** `data`: a CloudEvent's. Throws when it is no event. */
export function cloudEventItem(id: string, data: JsonValue): Item {
  return { id, content: toJsonString(EventSchema, fromJson(EventSchema, data)) };
}

/** What an envelope with this event holds; nothing for kinds that Docker's notifications do not know. */
export function dueDockerItems(event: Event): readonly DueItem[] {
  const { eventId, cursor, kind } = event;
  const action = ACTIONS.get(kind.case ?? "");
  if (action === undefined) return [];
  const tags = kind.case === "manifestPushed" && kind.value.tags.length > 0 ? kind.value.tags : [undefined];
  return tags.map((tag, index) => ({
    id: index === 0 ? eventId : v5(`${eventId}/${tag}`, TAG_EVENT_IDS),
    cursor,
    content: canonical(
      dockerEvent(event, action, { ...dockerTarget(kind), ...(tag !== undefined && { tag }) }),
    ),
  }));
}

/** What an envelope holds. Throws when it is none. */
export function dockerItems(body: string): readonly Item[] {
  const { events }: { readonly events: readonly JsonObject[] } = JSON.parse(body);
  return events.map(({ id, timestamp, ...rest }) => ({
    id: String(id),
    content: canonical({ ...rest, timestamp: Date.parse(String(timestamp)) }),
  }));
}

function dockerEvent(event: Event, action: string, target: JsonObject): JsonObject {
  const { time, request, actor, source, repository, url } = event;
  return {
    action,
    timestamp: time && timestampMs(time),
    target: { ...target, repository, url: action === "delete" ? "" : url },
    request: {
      id: request?.requestId,
      addr: request?.address,
      host: request?.host,
      method: request?.method,
      useragent: request?.userAgent,
    },
    actor: { name: actor?.name },
    source: { addr: source?.address, instanceID: source?.instanceId },
  };
}

/** As with distribution, removals name nothing but what is gone. */
function dockerTarget(kind: Event["kind"]): JsonObject {
  switch (kind.case) {
    case "blobPushed":
    case "manifestPushed":
      return described(kind.value.descriptor);
    case "blobMounted":
      return { ...described(kind.value.descriptor), fromRepository: kind.value.fromRepository };
    case "blobDeleted":
    case "manifestDeleted":
      return { digest: kind.value.descriptor?.digest };
    case "tagDeleted":
      return { tag: kind.value.tag, previousDigest: kind.value.descriptor?.digest };
    default:
      throw new Error(`${kind.case} has no target`);
  }
}

function described(
  descriptor: { readonly mediaType: string; readonly digest: string; readonly size: bigint } | undefined,
): JsonObject {
  const size = Number(descriptor?.size);
  return { mediaType: descriptor?.mediaType, digest: descriptor?.digest, size, length: size };
}

/** Members in order, and none that say nothing. */
function canonical(value: JsonObject): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member !== "object" || member === null) return member;
    const said = Object.entries(member).filter(
      ([, inner]) => inner !== undefined && inner !== "" && inner !== 0,
    );
    return Object.fromEntries(said.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

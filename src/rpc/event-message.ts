// Events as protobuf: one arm for each kind, and back from a kind's name.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { EventFact, EventKind, EventRecord } from "../core/events.ts";
import { type Event, EventSchema } from "../gen/stowage/v1/event_pb.ts";
import { RegistryError } from "../oci/errors.ts";
import { descriptorMessage, timeMessage } from "./convert.ts";

type KindMessage = NonNullable<MessageInitShape<typeof EventSchema>["kind"]>;

/** The names of all kinds, as the schema has them. */
export const EVENT_KINDS: readonly string[] = EventSchema.oneofs.flatMap((oneof) =>
  oneof.fields.map((field) => field.name),
);

export function eventMessage(sequence: number, { id, time, repository, fact }: EventRecord): Event {
  return create(EventSchema, {
    cursor: String(sequence),
    eventId: id,
    time: timeMessage(time),
    repository,
    kind: kindMessage(fact),
  });
}

/** Throws KIND_INVALID and names the known ones. */
export function parseEventKind(text: string): EventKind {
  if (EVENT_KINDS.includes(text)) return text as EventKind;
  const message = `event kind "${text.slice(0, 80)}" is not one of ${EVENT_KINDS.join(", ")}`;
  throw new RegistryError("KIND_INVALID", { kind: text.slice(0, 80) }, { message });
}

function kindMessage(fact: EventFact): KindMessage {
  switch (fact.kind) {
    case "repository_created":
      return { case: "repositoryCreated", value: {} };
    case "blob_pushed":
      return { case: "blobPushed", value: { ...describe(fact), uploadId: fact.uploadId } };
    case "blob_mounted":
      return { case: "blobMounted", value: { ...describe(fact), fromRepository: fact.fromRepository ?? "" } };
    case "blob_deleted":
      return { case: "blobDeleted", value: describe(fact) };
    case "manifest_pushed":
      return {
        case: "manifestPushed",
        value: {
          ...describe(fact),
          tags: [...fact.tags],
          subject: fact.subject ?? "",
          artifactType: fact.artifactType ?? "",
        },
      };
    case "manifest_deleted":
      return { case: "manifestDeleted", value: describe(fact) };
    case "tag_created":
      return { case: "tagCreated", value: { ...describe(fact), tag: fact.tag } };
    case "tag_moved":
      return {
        case: "tagMoved",
        value: { ...describe(fact), tag: fact.tag, previousDigest: fact.previousDigest },
      };
    case "tag_deleted":
      return { case: "tagDeleted", value: { ...describe(fact), tag: fact.tag } };
    case "upload_cancelled":
      return { case: "uploadCancelled", value: { uploadId: fact.uploadId } };
  }
}

function describe({ descriptor }: Extract<EventFact, { readonly descriptor: unknown }>) {
  return { descriptor: descriptorMessage(descriptor) };
}

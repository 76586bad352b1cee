// Events as protobuf: one arm for each kind. A message is made once for an event,
// however many subscribers it goes to.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { contentUrl } from "../core/content-url.ts";
import type { EventFact, EventRecord, LoggedEvent } from "../core/events.ts";
import { type Event, EventSchema } from "../gen/stowage/v1/event_pb.ts";
import { descriptorMessage, timeMessage } from "./convert.ts";

type KindMessage = NonNullable<MessageInitShape<typeof EventSchema>["kind"]>;
type FactOf<Kind extends EventFact["kind"]> = Extract<EventFact, { readonly kind: Kind }>;

export interface EventMessageOptions {
  /** True: events of pushed manifests list what they refer to. */
  readonly withReferences: boolean;
}

const plainMessages = new WeakMap<EventRecord, Event>();
const fullMessages = new WeakMap<EventRecord, Event>();

/** The event's message. It is shared: never change it. */
export function eventMessage(
  { sequence, event }: LoggedEvent,
  { withReferences }: EventMessageOptions,
): Event {
  const isFull = withReferences && event.fact.kind === "manifest_pushed";
  const messages = isFull ? fullMessages : plainMessages;
  const known = messages.get(event);
  if (known !== undefined) return known;
  const message = makeMessage(sequence, event, isFull);
  messages.set(event, message);
  return message;
}

function makeMessage(sequence: number, event: EventRecord, isFull: boolean): Event {
  const { id, time, repository, request, actor, source, fact } = event;
  const { id: requestId, ...facts } = request ?? { id: "" };
  return create(EventSchema, {
    cursor: String(sequence),
    eventId: id,
    time: timeMessage(time),
    repository: repository ?? "",
    ...(request !== undefined && { request: { requestId, ...facts } }),
    ...(actor !== undefined && { actor: { name: actor } }),
    ...(source !== undefined && { source }),
    url: contentUrl(event) ?? "",
    kind: kindMessage(fact, isFull),
  });
}

function kindMessage(fact: EventFact, isFull: boolean): KindMessage {
  switch (fact.kind) {
    case "repository_created":
      return { case: "repositoryCreated", value: {} };
    case "repository_deleted":
      return { case: "repositoryDeleted", value: {} };
    case "blob_pushed":
      return { case: "blobPushed", value: { ...content(fact), uploadId: fact.uploadId } };
    case "blob_mounted":
      return { case: "blobMounted", value: { ...content(fact), fromRepository: fact.fromRepository ?? "" } };
    case "blob_deleted":
      return { case: "blobDeleted", value: content(fact) };
    case "blob_collected":
      return { case: "blobCollected", value: content(fact) };
    case "blob_damaged":
      return { case: "blobDamaged", value: { ...content(fact), repositories: [...fact.repositories] } };
    case "manifest_pushed":
      return { case: "manifestPushed", value: pushed(fact, isFull) };
    case "manifest_pulled":
      return { case: "manifestPulled", value: pulled(fact) };
    case "manifest_deleted":
      return { case: "manifestDeleted", value: { ...content(fact), subject: fact.subject ?? "" } };
    case "tag_created":
      return { case: "tagCreated", value: { ...content(fact), tag: fact.tag } };
    case "tag_moved":
      return {
        case: "tagMoved",
        value: { ...content(fact), tag: fact.tag, previousDigest: fact.previousDigest },
      };
    case "tag_deleted":
      return { case: "tagDeleted", value: { ...content(fact), tag: fact.tag } };
    case "upload_cancelled":
      return { case: "uploadCancelled", value: { uploadId: fact.uploadId } };
    case "upload_expired":
      return { case: "uploadExpired", value: { uploadId: fact.uploadId } };
    case "collection_finished":
      return { case: "collectionFinished", value: collected(fact) };
    default:
      return fact satisfies never;
  }
}

function pushed(fact: FactOf<"manifest_pushed">, isFull: boolean) {
  const { tags, subject, references = [], referenceCount, restored } = fact;
  return {
    ...content(fact),
    tags: [...tags],
    subject: subject ?? "",
    restored: restored ?? false,
    ...(isFull && {
      references: references.map(descriptorMessage),
      referenceCount: referenceCount ?? references.length,
    }),
  };
}

function pulled(fact: FactOf<"manifest_pulled">) {
  const { tag, count, subject } = fact;
  return { ...content(fact), tag: tag ?? "", count: BigInt(count ?? 1), subject: subject ?? "" };
}

function collected({ manifests, links, blobs, bytes }: FactOf<"collection_finished">) {
  return {
    manifests: BigInt(manifests),
    links: BigInt(links),
    blobs: BigInt(blobs),
    bytes: BigInt(bytes),
  };
}

/** What it is about and, for a manifest that says so, of which kind that is. */
function content(fact: Extract<EventFact, { readonly descriptor: unknown }>) {
  const descriptor = descriptorMessage(fact.descriptor);
  const artifactType = "artifactType" in fact ? fact.artifactType : undefined;
  return { descriptor, ...(artifactType !== undefined && { artifactType }) };
}
